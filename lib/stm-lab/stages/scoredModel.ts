import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { MetricContext, ModelReference, Run } from 'mlflow-tracking-client';
import { readJson, writeJson } from 'research-basics/files';
import { datasetOfRun, flattenParameters, type StageContext } from './context';

/** Where a training's folder says which logged model its network is: beside the results, since the name is drawn for each run. */
const REFERENCE = path.join('.work', 'logged-model.json');

/** Scores of this model on the data of the run: by both MLflow ranks models and finds their scores. */
function scoresOf(run: Run, model: ModelReference): MetricContext {
  const dataset = datasetOfRun(run);
  return { model, ...(dataset === undefined ? {} : { dataset }) };
}

/**
 * Logs a recipe that folds are trained by as a model of the run, which names what the scores of a cross-validation are
 * scores of.
 *
 * @returns the context of those scores; undefined without a run.
 */
export function scoredRecipe(run: Run | undefined, name: string, recipe: object): MetricContext | undefined {
  if (run === undefined) return undefined;
  // A colon, a slash and others have a meaning in the names of models.
  const own = name.replace(/[/:.%"']/g, '-').trim() || 'model';
  const known = run.loggedModel(own);
  if (known !== undefined) return scoresOf(run, known);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-recipe-'));
  try {
    writeJson(path.join(folder, 'recipe.json'), recipe);
    return scoresOf(
      run,
      run.logModel({ name: own, folder, type: 'recipe', params: flattenParameters(recipe) }),
    );
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Notes in a training's folder which logged model its network is, for the stages that score it. */
export function noteLoggedModel(folder: string, model: ModelReference): void {
  const file = path.join(folder, REFERENCE);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  writeJson(file, model);
}

/**
 * The context of scores of a network that was trained in `folder`; undefined where its training was not tracked, or is
 * recorded elsewhere.
 */
export function scoredNetwork(
  run: Run | undefined,
  folder: string,
  { tracker }: Pick<StageContext, 'tracker'>,
): MetricContext | undefined {
  const file = path.join(folder, REFERENCE);
  if (run === undefined || tracker === undefined || !fs.existsSync(file)) return undefined;
  const model = readJson<ModelReference>(file);
  return fs.existsSync(path.join(tracker.journalFolder, path.basename(model.journal)))
    ? scoresOf(run, model)
    : undefined;
}
