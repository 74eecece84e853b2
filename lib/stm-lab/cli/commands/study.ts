import { openProject, STUDY_NAMES } from '../../pipeline';
import { inputError } from 'research-basics/errors';
import type { Command } from '../command';
import { terminalContext, TRACKING, trackingMode } from '../context';
import { COLLECTION, CORPUS, EXTRACTION_WORKERS, RESULTS, statusText, workersOption } from '../stageOptions';
import { printTable } from '../table';

export const study: Command = {
  name: 'study',
  summary: "Studies of the paper's open questions, with intervals and an answer in words.",
  positionals: STUDY_NAMES.join('|'),
  options: {
    manifest: CORPUS,
    collection: COLLECTION,
    preset: {
      value: 'NAME',
      help: 'preset: a name in experiments/studies/, or a JSON file',
      default: 'small',
    },
    results: RESULTS,
    workers: EXTRACTION_WORKERS,
    tracking: TRACKING,
  },
  details: [
    'learning-curve: does more data close the gap between features? excerpt-count: do features reveal how long a recording is?',
    'order: what does the order of excerpts add? averaging: what survives averaging? duration: how short may a sound be?',
    'Extracts what is missing and writes study.json, scores.csv and a figure to RESULTS/<corpus>/studies/<study>-<preset>; prints',
    'the answer, which is computed from the scores. An interrupted study continues with the next fold.',
  ].join('\n'),
  example: 'stm-lab study learning-curve --manifest corpus/manifest.csv --preset full',
  async run(options, positionals, terminal) {
    const name = STUDY_NAMES.find((one) => one === positionals[0]);
    if (name === undefined || positionals.length !== 1)
      throw inputError(`stm-lab study: "${positionals.join(' ')}" must be one of ${STUDY_NAMES.join(', ')}`);
    const lab = await openProject({
      ...{ manifest: options['manifest'], collection: options['collection'], results: options['results'] },
      ...{ tracking: trackingMode(options), workers: workersOption(options), ...terminalContext(terminal) },
    });
    try {
      const summary = await lab.study(name, options['preset']);
      terminal.progressDone();
      printTable(terminal, summary.rows);
      summary.verdict.forEach((sentence) => terminal.print(sentence));
      const { recordings, groups, preset, status } = summary;
      terminal.print(
        `${lab.folders.studies}: study ${name}, preset ${preset}, ${recordings} recordings of ${groups} groups${lab.note === undefined ? '' : ` (${lab.note})`}; ${statusText(status)}`,
      );
      return 0;
    } finally {
      terminal.progressDone();
      await lab.close();
    }
  },
};
