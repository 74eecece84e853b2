import { inputError } from 'research-basics/errors';
import { ablationRegions, regionColumns, regionText } from '../ablation';
import { stmAxes } from '../features';
import type { Parameter } from 'bayesian-optimizer';
import type { CellScore } from './ablation';
import type { Interval } from '../evaluation';
import { comparisonTable } from './comparison';
import { scoreTable } from './evaluate';
import { openFeatureFolder } from './featureFolder';
import type { ExperimentStages } from './experimentStages';

/** Rows of a table, ready to be shown or written as CSV. */
export type TableRows = readonly Readonly<Record<string, string | number>>[];

/** Each table, and the stages whose results it shows. */
const TABLES = {
  experiment: (lab) => Promise.resolve(lab.describe().map((row) => ({ ...row }))),
  recordings: recordingsTable,
  rejected: async (lab) => (await lab.extract()).rejected.map((entry) => ({ ...entry })),
  balance: balanceTable,
  'search-space': (lab) => Promise.resolve(Object.entries(lab.experiment.search.space).map(spaceRow)),
  leaders: leadersTable,
  'test-scores': async (lab) => scoreTable((await lab.evaluate()).report),
  'cross-validation': crossValidationTable,
  comparison: async (lab) => comparisonTable(await lab.compare()),
  regions: (lab) => Promise.resolve(regionsTable(lab)),
  ablation: ablationTable,
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
    throw inputError(`table "${String(name)}": must be one of ${TABLE_NAMES.join(', ')}`);
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
  return { hyperparameter: name, type: parameter.type, values, 'only when': condition };
}

async function leadersTable(lab: ExperimentStages): Promise<TableRows> {
  const { trials, objective } = await lab.search();
  return trials
    .filter(({ state, value }) => state === 'complete' && value !== undefined)
    .sort((a, b) => b.value! - a.value! || a.number - b.number)
    .slice(0, 5)
    .map(({ number, value, values }) => ({
      trial: number,
      [objective]: value!,
      ...Object.fromEntries(
        Object.entries(values).map(([name, v]) => [name, typeof v === 'boolean' ? String(v) : v]),
      ),
    }));
}

async function crossValidationTable(lab: ExperimentStages): Promise<TableRows> {
  const { mean, averaged, repeats, folds } = await lab.crossValidate();
  const names = { macroF1: 'macro-F1', accuracy: 'accuracy', uar: 'unweighted average recall' } as const;
  const means = (Object.keys(names) as (keyof typeof names)[]).map((name) => ({
    score: `${names[name]}, mean of ${repeats.length} repeat(s) of ${folds} folds`,
    value: intervalText(mean[name]),
  }));
  const whole = scoreTable(averaged).map(({ score, corrected }) => ({
    score: `${score}, repeats averaged`,
    value: corrected,
  }));
  return [...means, ...whole.filter(({ value }) => value !== '–')];
}

const intervalText = ({ value, low, high }: Interval): string =>
  `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;

function regionsTable({ experiment }: ExperimentStages): TableRows {
  const channels = experiment.features.channels;
  const axes = stmAxes(channels === undefined ? {} : { channels });
  return ablationRegions(experiment.ablation).map((region) => ({
    region: `${region.pass}-pass`,
    keeps: regionText(region),
    features: regionColumns(axes, region).length,
  }));
}

async function ablationTable(lab: ExperimentStages): Promise<TableRows> {
  const { reference, cells, failed } = await lab.ablate();
  const sorted = [...cells].sort((a, b) => b.macroF1.value - a.macroF1.value);
  const row = (cell: CellScore, difference?: Interval): Readonly<Record<string, string | number>> => ({
    region: cell.name,
    keeps: cell.region === undefined ? 'all features' : regionText(cell.region),
    features: cell.kept,
    'macro-F1': intervalText(cell.macroF1),
    'less all features': difference === undefined ? '' : intervalText(difference),
    ...(cell.byCollection === undefined ? {} : { 'by collection': intervalText(cell.byCollection.macroF1) }),
    'ROC-AUC (macro)': cell.macroRocAuc,
    'max macro-F1 (published way)': cell.maxMacroF1,
  });
  return [
    row(reference),
    ...sorted.map((cell) => row(cell, cell.difference)),
    ...failed.map(({ name }) => ({ region: name, 'macro-F1': 'diverged' })),
  ];
}
