import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { stmAxes } from '../features';
import { isExcerptModel, linearExcerptModel } from '../pipeline';
import type { PageModel } from './model';

/**
 * A model folder as the page takes it.
 *
 * @throws UserError (`input`) naming the folder when it holds no model of excerpts.
 */
export function readPageModel(folder: string): PageModel {
  if (!isExcerptModel(folder))
    throw inputError(
      `${folder}: is not a model of excerpts; make one with "stm-lab extract --keep excerpts" and "stm-lab train --features"`,
    );
  const { record, members } = linearExcerptModel(folder);
  const {
    classes,
    kind = 'stm',
    parameters,
    rateHz,
    scaleCycPerOct = stmAxes().scaleCycPerOct,
    choice,
    temperature,
  } = record;
  if (kind !== 'stm')
    throw inputError(
      `${folder}: was trained on ${kind} features, and the page computes STM features; name a model of these`,
    );
  return {
    label: path.basename(path.resolve(folder)),
    classes,
    parameters,
    axes: { rateHz, scaleCycPerOct },
    preparation: choice,
    temperature,
    members,
  };
}

/** The model of the synthetic demo corpus, which the page carries when no other is named; see `makeDemoModel.mjs`. */
export function demoModel(): PageModel {
  return JSON.parse(fs.readFileSync(path.join(__dirname, 'demoModel.json'), 'utf8')) as PageModel;
}
