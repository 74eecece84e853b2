import type { Command } from '../command';
import { reproduce } from './reproduce';
import { inspect, manifest, predict } from './recordings';
import { doctor, figures, lab, sync, ui } from './services';
import { ablate, evaluate, extract, reduce, search, split, train } from './stages';

/** The commands, in the order of the pipeline. */
export const commands: readonly Command[] = [
  manifest,
  extract,
  split,
  reduce,
  search,
  train,
  evaluate,
  predict,
  ablate,
  figures,
  inspect,
  reproduce,
  lab,
  ui,
  sync,
  doctor,
];
