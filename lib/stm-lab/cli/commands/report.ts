import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import { readManifest } from '../../corpus';
import {
  COMMON_EXPERIMENT,
  corpusName,
  mlflowExperimentName,
  reportOf,
  resultsFolder,
  withMlflow,
} from '../../pipeline';
import { REPORT_FORMATS, saveReport, type LatexTableOptions, type ReportFormat } from '../../report';
import { integerOption, type Command, type OptionValues } from '../command';
import { terminalContext } from '../context';
import { PRESET, presetOption, RESULTS } from '../stageOptions';

export const report: Command = {
  name: 'report',
  summary: 'Write up the tracked runs: one HTML file, Markdown, LaTeX.',
  options: {
    manifest: { value: 'M.csv', help: 'recordings of the runs', default: 'the synthetic demo corpus' },
    preset: PRESET,
    results: RESULTS,
    'mlflow-experiment': {
      value: 'NAME',
      help: 'MLflow experiment to report on',
      default: 'MLFLOW_EXPERIMENT_NAME, else stm-lab/CORPUS/PRESET and stm-lab',
    },
    formats: { value: 'LIST', help: 'some of html,md,tex', default: 'all' },
    'table-layout': {
      value: 'LAYOUT',
      help: 'of tables/ID.tex: tabular, to place in your own table, or float with caption and label',
      default: 'tabular',
    },
    columns: {
      value: 'LIST',
      help: 'columns of tables/ID.tex by title, separated by semicolons',
      default: 'all',
    },
    'row-names': {
      value: 'NAMES.json',
      help: 'of tables/ID.tex: {"name in the first column": "name in the paper"}',
    },
    digits: { value: 'N', help: 'of tables/ID.tex: decimal places', default: '3' },
    'no-source': { help: 'of tables/ID.tex: captions without run ids' },
    out: { value: 'DIR', help: 'folder of the report', default: 'RESULTS/CORPUS/PRESET/report' },
  },
  details: [
    'Every number is a metric of a finished run on the MLflow server (MLFLOW_TRACKING_URI, else the one of the results folder,',
    'started and stopped here; what was tracked offline is sent first); for each stage the latest run of this manifest and these',
    'settings, never of others. Writes report.html (self-contained), report.md with figures/*.svg, report.tex (booktabs;',
    'XeLaTeX or LuaLaTeX for labels beyond Latin, else pdfLaTeX too) with figures/*.pdf, and tables/ID.tex for a paper.',
  ].join('\n'),
  example: 'stm-lab report --manifest corpus/manifest.csv',
  async run(options, _positionals, terminal) {
    const formats = formatsOf(options);
    const tables = tablesOf(options);
    const settings = presetOption(options);
    const { name } = settings;
    const results = resultsFolder(options['results']);
    const given = options['manifest'] ?? process.env.STM_LAB_MANIFEST;
    const demo = path.join(results, 'demo', 'recordings', 'manifest.csv');
    const recordings = given ?? (fs.existsSync(demo) ? demo : undefined);
    const manifest = recordings === undefined ? undefined : readManifest(recordings);
    const corpus = corpusName(results, given === undefined ? undefined : manifest, 'look');
    const named = options['mlflow-experiment'];
    const request = {
      settings,
      manifest: manifest?.hash,
      // Stages that were run one by one are tracked in the common experiment.
      experiments: named === undefined ? [mlflowExperimentName(corpus, name), COMMON_EXPERIMENT] : [named],
    };
    const out = options['out'] ?? path.join(results, corpus, name, 'report');
    const journals = path.join(results, corpus, 'tracking');
    const { warn, signal } = terminalContext(terminal);
    const document = await withMlflow({ results, journals, warn, signal }, (client) =>
      reportOf(client, request),
    );
    const files = await saveReport(document, out, { formats, tables });
    files.forEach((file) => terminal.print(path.relative(process.cwd(), file)));
    return 0;
  },
};

/** How the single tables are set. */
function tablesOf(options: OptionValues): LatexTableOptions {
  const layout = options['table-layout'];
  if (layout !== undefined && layout !== 'float' && layout !== 'tabular')
    throw inputError(`--table-layout ${layout}: must be float or tabular`);
  const names = options['row-names'];
  const rowNames = names === undefined ? undefined : readJson<Record<string, string>>(names);
  if (rowNames !== undefined && Object.values(rowNames).some((name) => typeof name !== 'string'))
    throw inputError(`${names}: must map names to names, e.g. {"STM-MLP": "Ours"}`);
  return {
    ...(layout === undefined ? {} : { layout }),
    columns: options['columns']?.split(';').map((name) => name.trim()),
    rowNames,
    digits:
      options['digits'] === undefined
        ? undefined
        : integerOption(options, 'digits', { min: 0, max: 15, fallback: 3 }),
    source: options['no-source'] === undefined,
  };
}

function formatsOf(options: OptionValues): readonly ReportFormat[] {
  const given = options['formats']?.split(',').map((format) => format.trim());
  const unknown = given?.find((format) => !(REPORT_FORMATS as readonly string[]).includes(format));
  if (unknown !== undefined)
    throw inputError(
      `--formats ${options['formats']}: "${unknown}" must be one of ${REPORT_FORMATS.join(', ')}`,
    );
  return (given as ReportFormat[] | undefined) ?? REPORT_FORMATS;
}
