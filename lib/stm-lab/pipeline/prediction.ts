/** Class probabilities of one recording, as a whole and over time. */
export interface Prediction {
  readonly file: string;
  readonly classes: readonly string[];
  /** Of the mean modulation spectrum, as the network was trained; sums to 1. */
  readonly probabilities: readonly number[];
  /** Of each accepted excerpt (4 s) alone. */
  readonly course: readonly { readonly startSeconds: number; readonly probabilities: readonly number[] }[];
  /**
   * How far the recording is from what was trained on (1: usual there), and beyond what distance that is far; only of
   * model folders of `trainExcerptStage`.
   */
  readonly distance?: { readonly value: number; readonly threshold: number };
}
