import { inputError } from 'research-basics/errors';
import { ablationRegions, regionColumns, regionText } from '../ablation';
import type { Parameter } from 'bayesian-optimizer';
import type { CellScore } from './ablation';
import type { Interval } from '../evaluation';
import { comparisonRows } from './comparison';
import { scoreTable } from './evaluate';
import { openFeatureFolder } from './featureFolder';
import type { ExperimentStages } from './experimentStages';
import { planeAxesOf } from './featureSettings';
import { objectivesOf } from './searchObjective';

/** Rows of a table, ready to be shown or written as CSV. */
export type TableRows = readonly Readonly<Record<string, string | number | undefined>>[];

/** The columns of tables that may have no rows. */
const COLUMNS_WHEN_EMPTY: Readonly<Record<string, readonly string[]>> = {
  rejected: ['path', 'reason'],
  runs: ['id', 'run', 'stage', 'parent', 'status', 'started', 'seconds'],
};

/** The columns of a table without rows. */
export const columnsOfEmpty = (name: string): readonly string[] | undefined => COLUMNS_WHEN_EMPTY[name];

/** Each table, and the stages whose results it shows. */
const TABLES = {
  experiment: (lab) => Promise.resolve(lab.describe().map((row) => ({ ...row }))),
  recordings: recordingsTable,
  rejected: async (lab) => (await lab.extract()).rejected.map((entry) => ({ ...entry })),
  balance: balanceTable,
  'search-space': (lab) => Promise.resolve(Object.entries(lab.experiment.search.space).map(spaceRow)),
  folds: foldsTable,
  trials: trialsTable,
  'test-scores': async (lab) => scoreTable((await lab.evaluate()).report),
  'cross-validation': crossValidationTable,
  comparison: async (lab) => comparisonRows(await lab.compare()),
  regions: (lab) => Promise.resolve(lab).then(regionsTable),
  cells: cellsTable,
  'ablation-support': async (lab) =>
    (await lab.ablate()).support.statements.map((statement) => ({ statement })),
} as const satisfies Record<string, (lab: ExperimentStages) => Promise<TableRows>>;

/** Name of a table that a workbench can make. */
export type TableName = keyof typeof TABLES;

/** All tables, in the order of the stages. */
export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];

/**
 * One table of a workbench's results, running the stages it shows when they have not run.
 *
 * @throws UserError (`input`) for a name that is none of `TABLE_NAMES`.
 */
export function buildTable(lab: ExperimentStages, name: TableName): Promise<TableRows> {
  const build = TABLES[name] as ((lab: ExperimentStages) => Promise<TableRows>) | undefined;
  if (build === undefined)
    throw inputError(`table ${JSON.stringify(name)}: must be one of ${TABLE_NAMES.join(', ')}`);
  return build(lab);
}

async function recordingsTable(lab: ExperimentStages): Promise<TableRows> {
  await lab.extract();
  const folder = openFeatureFolder(lab.folders.features);
  folder.matrix.close();
  const labels = [...new Set(lab.manifest.rows.map(({ label }) => label))].sort();
  return labels.map((label) => {
    const own = folder.index.filter((row) => row.label === label);
    return {
      class: label,
      listed: lab.manifest.rows.filter((row) => row.label === label).length,
      accepted: own.length,
      groups: new Set(own.map(({ group }) => group)).size,
      excerpts: own.reduce((sum, { excerpts }) => sum + excerpts, 0),
    };
  });
}

async function balanceTable(lab: ExperimentStages): Promise<TableRows> {
  const { balance } = await lab.split();
  return balance.classes.map(({ label, rows, groups, byRole }) => ({
    class: label,
    recordings: rows,
    groups,
    ...byRole,
  }));
}

function spaceRow([name, parameter]: [string, Parameter]): Readonly<Record<string, string>> {
  const when = parameter.when;
  const condition =
    when === undefined
      ? ''
      : 'atLeast' in when
        ? `${when.parameter} >= ${when.atLeast}`
        : `${when.parameter} in ${when.in.join(', ')}`;
  const values =
    parameter.type === 'categorical'
      ? parameter.choices.join(', ')
      : `${parameter.min} to ${parameter.max}${parameter.step === undefined ? '' : ` in steps of ${parameter.step}`}${parameter.scale === 'log' ? ', logarithmic' : ''}`;
  return { hyperparameter: name, type: parameter.type, range: values, 'only when': condition };
}

/** One row per recording. */
async function foldsTable(lab: ExperimentStages): Promise<TableRows> {
  const { paths, labels, groups, fold, roles } = (await lab.split()).split;
  return paths.map((path, i) => ({
    ...{ path, label: labels[i]!, group: groups[i]!, fold: fold[i]!, role: roles[i]! },
  }));
}

/** One row per trial; a parameter that a trial does not have is missing. */
async function trialsTable(lab: ExperimentStages): Promise<TableRows> {
  const { trials } = await lab.search();
  const names = objectivesOf(lab.experiment.search.objective).map(({ name }) => name);
  return trials.map(({ number, state, value, objectives, values, startedAt, finishedAt }) => ({
    trial: number,
    state,
    ...Object.fromEntries(
      names.map((name, i) => [name, objectives[i] ?? (i === 0 ? value : undefined) ?? NaN]),
    ),
    ...Object.fromEntries(
      Object.keys(lab.experiment.search.space).map((name) => {
        const chosen = values[name];
        return [name, typeof chosen === 'boolean' ? String(chosen) : chosen!];
      }),
    ),
    seconds: startedAt === undefined || finishedAt === undefined ? NaN : (finishedAt - startedAt) / 1000,
  }));
}

async function crossValidationTable(lab: ExperimentStages): Promise<TableRows> {
  const { mean, averaged, repeats } = await lab.crossValidate();
  const names = { macroF1: 'macro-F1', accuracy: 'accuracy', uar: 'unweighted average recall' } as const;
  const of = repeats.length === 1 ? '' : `, mean of ${repeats.length} repeats`;
  return [
    ...(Object.keys(names) as (keyof typeof names)[]).map((name) => ({
      score: `${names[name]}${of}`,
      ...columnsOf(mean[name]),
    })),
    ...averaged.corrected.perClass.map(({ name, f1 }) => ({ score: `F1 ${name}`, estimate: f1 })),
  ];
}

const columnsOf = ({ value, low, high }: Interval): { estimate: number; low: number; high: number } => ({
  ...{ estimate: value, low, high },
});

function regionsTable({ experiment }: ExperimentStages): TableRows {
  const axes = planeAxesOf(experiment.features);
  return ablationRegions(experiment.ablation, axes).map((region) => ({
    region: `${region.pass}-pass`,
    keeps: regionText(region),
    features: regionColumns(axes, region).length,
  }));
}

/** All features first, then one row per region; scores are missing where a training diverged. */
async function cellsTable(lab: ExperimentStages): Promise<TableRows> {
  const { reference, cells, failed } = await lab.ablate();
  const row = (
    cell: CellScore,
    difference?: Interval,
  ): Readonly<Record<string, string | number | undefined>> => ({
    cell: cell.name,
    pass: cell.region?.pass ?? 'all features',
    rateHz: cell.region?.rateHz,
    scaleCycPerOct: cell.region?.scaleCycPerOct,
    ...(cells.some(({ region }) => region?.scaleCycPerKHz !== undefined)
      ? { scaleCycPerKHz: cell.region?.scaleCycPerKHz }
      : {}),
    features: cell.kept,
    macroF1: cell.macroF1.value,
    low: cell.macroF1.low,
    high: cell.macroF1.high,
    difference: difference?.value,
    differenceLow: difference?.low,
    differenceHigh: difference?.high,
    collectionMacroF1: cell.byCollection?.macroF1.value,
    macroRocAuc: cell.macroRocAuc,
    maxMacroF1: cell.maxMacroF1,
  });
  return [
    row(reference),
    ...cells.map((cell) => row(cell, cell.difference)),
    ...failed.map(({ name }) => ({ cell: name, pass: 'diverged' })),
  ];
}
