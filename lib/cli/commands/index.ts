import type { Command } from '../command';
import { reproduce } from './reproduce';
import { doctor, figures, lab, sync, ui } from './services';
import { ablate, evaluate, extract, reduce, search, split, train } from './stages';

/** The commands, in the order of the pipeline. */
export const commands: readonly Command[] = [
  extract,
  split,
  reduce,
  search,
  train,
  evaluate,
  ablate,
  figures,
  reproduce,
  lab,
  ui,
  sync,
  doctor,
];
