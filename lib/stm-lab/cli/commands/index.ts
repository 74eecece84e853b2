import type { Command } from '../command';
import { ablate } from './ablate';
import { compare } from './compare';
import { completionOf } from './completion';
import { convert } from './convert';
import { evaluate } from './evaluate';
import { explore } from './explore';
import { extract } from './extract';
import { figures } from './figures';
import { filter } from './filter';
import { inspect } from './inspect';
import { manifest } from './manifest';
import { predict } from './predict';
import { reduce } from './reduce';
import { report } from './report';
import { reproduce } from './reproduce';
import { search } from './search';
import { doctor, lab } from './setup';
import { slurm } from './slurm';
import { split } from './split';
import { strf } from './strf';
import { study } from './study';
import { sync } from './sync';
import { tmnn } from './tmnn';
import { train } from './train';
import { ui } from './ui';

/** The commands, in the order of the pipeline. */
export const commands: readonly Command[] = [
  manifest,
  extract,
  convert,
  split,
  reduce,
  search,
  train,
  evaluate,
  predict,
  compare,
  ablate,
  figures,
  report,
  inspect,
  filter,
  explore,
  strf,
  reproduce,
  study,
  tmnn,
  slurm,
  lab,
  ui,
  sync,
  doctor,
  completionOf(() => commands),
];
