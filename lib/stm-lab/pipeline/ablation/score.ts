import * as path from 'node:path';
import { regionColumns, selectColumns, type Region } from '../../ablation';
import { inputError, UserError } from 'research-basics/errors';
import { deriveSeed } from 'research-basics/random/seeds';
import {
  averageProbabilities,
  crossValidate,
  exactAreas,
  kerasMicroAuc,
  meanIntervals,
  mostProbable,
  sweepThresholds,
  type Interval,
} from '../../evaluation';
import { converged, fitMlp, predictProbabilities } from '../../models';
import { asSource, fitReduction, mappedRows, standardisedRows, transform } from '../../reduction';
import { createStudy, optimize, type Values } from 'bayesian-optimizer';
import { makeSplit, stratifiedGroupKFold, type Role } from '../../splits';
import { collectionScores, crossValidateByCollection, type CollectionScores } from '../byCollection';
import { samplerOf, type Experiment } from '../experiment';
import type { ModelChoice } from '../modelChoice';
import type { IndexRow } from '../featureFolder';
import { fitFoldModel } from '../foldModel';
import { metricOf, objectiveOf } from '../searchObjective';
import { modelOfTrial } from '../hyperparameters';
import type { RoleRows } from '../roleData';
import { withoutTrials } from '../trainableModel';
import { createTrialObjective } from '../trialObjective';
import { macroF1Metric } from '../train';
import type { AblationData } from './data';

/** Score of one region of the modulation plane; `region` is absent for the reference with all features. */
export interface CellScore {
  readonly name: string;
  readonly region?: Region;
  /** Features kept. */
  readonly kept: number;
  /** At the most probable class, mean over the repeats with a 95 % interval from resampling groups. */
  readonly macroF1: Interval;
  readonly accuracy: Interval;
  /** Exact one-vs-rest ROC-AUC, mean over classes, of the probabilities averaged over the repeats. */
  readonly macroRocAuc: number;
  /** Keras-binned micro-averaged ROC-AUC of the same, as published. */
  readonly microRocAuc: number;
  /** Largest macro-F1 over 19 thresholds chosen on the scored rows themselves, as published. */
  readonly maxMacroF1: number;
  /** The same network on collections that it has not seen; only where the manifest names collections. */
  readonly byCollection?: CollectionScores;
  /** What the cell's own search found. */
  readonly searched?: { readonly trials: number; readonly best: Values };
}

/** A cell's score with what it was computed from: the most probable class of every scored row, per repeat. */
export interface CellOutcome {
  readonly cell: CellScore;
  readonly predicted: readonly (readonly number[])[];
}

/** How every cell is trained and scored; plain JSON. */
export interface AblationPlan {
  readonly folds: number;
  readonly seeds: number;
  /** The network of every cell. Ignored when cells are searched. */
  readonly model: ModelChoice;
  /** Every cell has a search of its own and is scored on the test rows of this split. */
  readonly searched?: {
    readonly search: Experiment['search'];
    readonly split: Experiment['split'];
    readonly protocol: Experiment['protocol'];
  };
}

/** The rows that a plan scores, and the fold of each of them, one division per seed. */
export function scoredRows(
  index: readonly IndexRow[],
  plan: AblationPlan,
): { readonly rows: Int32Array; readonly folds: readonly Int32Array[] } {
  if (plan.searched === undefined) {
    const rows = Int32Array.from(index, (_, row) => row);
    return { rows, folds: seedsOf(plan).map((seed) => foldsOf(index, plan.folds, seed)) };
  }
  const rows = rowsOfRole(index, plan.searched.split, 'test');
  return { rows, folds: [new Int32Array(rows.length)] };
}

const seedsOf = ({ seeds }: AblationPlan): number[] => Array.from({ length: seeds }, (_, i) => i + 1);

function foldsOf(index: readonly IndexRow[], folds: number, seed: number): Int32Array {
  const labels = index.map(({ label }) => label);
  return stratifiedGroupKFold({ labels, groups: index.map(({ group }) => group), folds, seed });
}

function rowsOfRole(index: readonly IndexRow[], split: Experiment['split'], role: Role): Int32Array {
  const { roles } = makeSplit({ rows: index, ...split });
  return Int32Array.from(roles.flatMap((own, row) => (own === role ? [row] : [])));
}

/**
 * Trains and scores one cell: on standardised features of its region, without PCA, as published. With
 * fixed hyperparameters by group-wise cross-validation; searched, by the test rows.
 *
 * @param folder keeps the journal of the cell's search, from which a killed one continues.
 */
export async function scoreCell(
  task: { readonly name: string; readonly region?: Region | undefined },
  data: AblationData,
  plan: AblationPlan,
  folder: string,
  signal?: AbortSignal,
): Promise<CellOutcome> {
  const kept =
    task.region === undefined
      ? Int32Array.from({ length: data.columns }, (_, c) => c)
      : regionColumns(data.axes, task.region);
  // Once a cell, not once a fold.
  const own = { ...data, features: columnsOf(data, kept), columns: kept.length };
  const { rows, repeats, searched, byCollection } =
    plan.searched === undefined
      ? await crossValidated(own, plan, signal)
      : await searchedAndTested(own, plan, path.join(folder, `${task.name}.search.log`), task.name, signal);
  const labels = Int32Array.from(rows, (row) => data.y[row]!);
  const classes = data.classes.length;
  const averaged = { labels, probabilities: averageProbabilities(repeats), classes };
  const { macroF1, accuracy } = meanIntervals({
    labels,
    classes,
    groups: Int32Array.from(rows, (row) => data.groups[row]!),
    repeats,
  });
  return {
    cell: {
      name: task.name,
      ...(task.region === undefined ? {} : { region: task.region }),
      kept: kept.length,
      macroF1,
      accuracy,
      macroRocAuc: exactAreas(averaged).macro.roc,
      microRocAuc: kerasMicroAuc(averaged).roc,
      maxMacroF1: sweepThresholds(averaged).best.macroF1,
      ...(byCollection === undefined ? {} : { byCollection }),
      ...(searched === undefined ? {} : { searched }),
    },
    predicted: repeats.map((probabilities) => [...mostProbable(probabilities, classes)]),
  };
}

/** The kept columns: copied in memory, or picked as rows are read. */
function columnsOf({ features, columns }: AblationData, kept: Int32Array): AblationData['features'] {
  if (features instanceof Float32Array) return selectColumns(features, columns, kept);
  if (kept.length === columns) return features;
  return mappedRows(features, kept.length, (block) => selectColumns(block, columns, kept));
}

/** Probabilities of the scored rows, one array per repeat. */
interface Scored {
  readonly rows: Int32Array;
  readonly repeats: readonly Float32Array[];
  readonly searched?: CellScore['searched'];
  readonly byCollection?: CollectionScores;
}

async function crossValidated(
  data: AblationData,
  plan: AblationPlan,
  signal: AbortSignal | undefined,
): Promise<Scored> {
  const model = {
    ...data,
    reduction: { method: 'none', components: 1 },
    model: plan.model,
    signal,
  } as const;
  const shared = { seeds: seedsOf(plan), ...(signal === undefined ? {} : { signal }) };
  const { repeats } = await crossValidate({
    ...shared,
    labels: data.y,
    classNames: data.classes,
    groups: data.groups,
    folds: (seed) => foldsOf(data.index, plan.folds, seed),
    fitFold: (fold) => fitFoldModel(model, fold),
    // Intervals are computed once, by the caller.
    bootstrap: { resamples: 1 },
  });
  const { design } = data;
  return {
    rows: Int32Array.from(data.index, (_, row) => row),
    repeats: repeats.map(({ probabilities }) => probabilities),
    ...(design === undefined
      ? {}
      : {
          byCollection: collectionScores(
            design,
            await crossValidateByCollection(design, {
              ...shared,
              fitFold: (fold) => fitFoldModel({ ...model, y: design.y, classes: design.classes }, fold),
            }),
          ),
        }),
  };
}

async function searchedAndTested(
  data: AblationData,
  plan: AblationPlan,
  journal: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Scored> {
  const { engine, columns, classes } = data;
  const { split, protocol } = plan.searched!;
  // A cell has one validation fold and one answer.
  const objective = objectiveOf(plan.searched!.search.objective);
  const search = { ...plan.searched!.search, objective };
  const source = asSource(data.features, columns);
  const reduction = await fitReduction({
    method: 'none',
    features: source,
    rows: rowsOfRole(data.index, split, 'train'),
  });
  const roleRows = async (role: Role): Promise<RoleRows> => {
    const rows = rowsOfRole(data.index, split, role);
    if (rows.length === 0)
      throw inputError(`ablation: the split has no ${role} rows; use more recordings or fewer folds`);
    return {
      x:
        data.features instanceof Float32Array
          ? await transform(reduction, { features: source, rows })
          : standardisedRows(reduction, source, rows),
      y: Int32Array.from(rows, (row) => data.y[row]!),
      groups: Int32Array.from(rows, (row) => data.groups[row]!),
      ...(data.collections && { collections: Int32Array.from(rows, (row) => data.collections![row]!) }),
      paths: Array.from(rows, (row) => data.index[row]!.path),
      rows: rows.length,
      columns,
    };
  };
  const roles = {
    train: await roleRows('train'),
    validation: await roleRows('validation'),
    test: await roleRows('test'),
  };
  const study = createStudy({
    name: `ablation-${name}`,
    space: search.space,
    direction: metricOf(objective.metric).direction,
    sampler: samplerOf(search),
    namespace: 'stm-lab',
    seed: search.seed,
    journal: path.resolve(journal),
  });
  const score = createTrialObjective({
    engine,
    data: () => ({
      classes,
      parts: 1,
      part: () => Promise.resolve({ train: roles.train, test: roles.validation }),
    }),
    search,
    base: {
      family: search.family,
      fit: search.fit,
      features: { kind: 'stm' },
      reduction: { method: 'none', components: 1 },
    },
    studyName: study.name,
    signal,
  });
  const { reason } = await optimize(study, score, {
    trials: search.trials,
    ...(signal === undefined ? {} : { signal }),
  });
  if (reason === 'aborted')
    throw new UserError('interrupted', 'ablation stopped on request; run it again to continue');
  const best = study.best();
  if (best === undefined)
    throw withoutTrials(`ablation cell ${name}: no trial of its search succeeded`, study);
  const model = modelOfTrial(best.values, search.family, search.fit);
  const { train, validation, test } = roles;
  const repeats: Float32Array[] = [];
  for (const seed of seedsOf(plan)) {
    const result = await fitMlp(engine, {
      spec: { family: model.family, hidden: model.hidden, inputs: columns, classes: classes.length },
      train,
      ...(protocol.name === 'published' ? { trailing: validation } : { validation }),
      options: { ...model.fit, ...protocol.fit, seed: deriveSeed(search.seed, 'final', seed) },
      metrics: { macroF1: macroF1Metric },
      ...(signal === undefined ? {} : { signal }),
    });
    const { model: network } = converged(result, `ablation cell ${name}: training ${seed}`);
    repeats.push(predictProbabilities(engine, network, test.x, test.rows));
  }
  return {
    rows: rowsOfRole(data.index, split, 'test'),
    repeats,
    searched: { trials: study.trials().length, best: best.values },
  };
}
