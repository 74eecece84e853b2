import type { FitOptions, HiddenLayer } from '../models';

/** How features become the network's inputs: see `fitReduction`. */
export interface ReductionChoice {
  readonly method: 'incremental' | 'exact' | 'none';
  readonly components: number;
  readonly whiten?: 'no' | 'yes' | 'common';
  readonly scaling?: 'each' | 'none';
}

/** A network's shape and training, chosen before any data are seen or by a search. */
export interface ModelChoice {
  readonly family: 'dropout' | 'layernorm';
  readonly hidden: readonly HiddenLayer[];
  /** Where rows have excerpts: units of the attention over them. */
  readonly attention?: { readonly units: number };
  readonly fit: FitOptions;
}
