/** Why a fast decoder leaves a recording to the complete one: the middle of a sentence, e.g. `has samples of 12 bits`. */
export interface Doubt {
  readonly doubt: string;
}

/** Whether a decoder declined. */
export function isDoubt(value: object): value is Doubt {
  return 'doubt' in value;
}
