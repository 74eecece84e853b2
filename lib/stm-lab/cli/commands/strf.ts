import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import {
  readStrfExperiment,
  STRF_TASKS,
  strfFiguresStage,
  strfSearchStage,
  strfScoreTable,
  strfTaskStage,
  type StrfSearchOptions,
  type StrfSection,
} from '../../pipeline';
import { integerOption, type Command, type OptionValues } from '../command';
import { TRACKING_OPTIONS, withStage } from '../context';
import { printSettingsSearch, trialLine } from '../settingsSearch';
import { exitCodeOf, statusText } from '../stageOptions';
import { printTable } from '../table';
import type { Terminal } from '../terminal';

export const strf: Command = {
  name: 'strf',
  summary: 'Train learnable spectrotemporal filters and their controls on a task; draw the filters.',
  positionals: 'speaker|speech|birds|urban|search TASK|filters',
  options: {
    manifest: {
      value: 'M.csv',
      earlier: 'source',
      help: 'recordings: a manifest, or a folder (spoken digits; speech with .lst, .rttm; calls; SONYC-UST, ESC-50, UrbanSound8K; VoxCeleb)',
    },
    out: { value: 'DIR', help: 'results; one folder per task below it', default: 'results/strf' },
    preset: {
      value: 'NAME',
      earlier: 'experiment',
      help: 'preset: a name in experiments/strf/, or a JSON file',
      default: 'reduced',
    },
    noise: {
      value: 'DIR',
      help: 'noise added in training (speaker, speech): MUSAN, or a folder with a part "noise"',
    },
    conditions: {
      value: 'LIST',
      help: 'e.g. "learn l2,frozen l2,free,pass"; also fixed, mfcc; speaker: sincnet; birds: lda, forest',
      default: "the preset's",
    },
    seeds: { value: 'N', help: 'training runs per condition', default: "the preset's" },
    trials: {
      value: 'N',
      help: 'with search: total trials, including completed ones',
      default: "the preset's",
    },
    ...TRACKING_OPTIONS,
  },
  details: [
    'A task writes OUT/<task>/results.json, scores.csv (95 % intervals) and filters.json; finished training runs are',
    'reused, and one that was interrupted continues. A trial list (trials.txt, veri_test2.txt or veri_test.txt) in the',
    'speaker folder or beside its manifest turns the task into verification of speakers outside the training set.',
    '"search TASK" tries settings that the "search" in the task\'s section names by their paths, by the score on the development',
    'part of the training recordings, and writes OUT/<task>-search/best.json, a preset for the task.',
    '"filters" reads the tasks found in OUT and writes OUT/figures: filters, their paths during training,',
    'densities against the start, transfer functions, distances.',
  ].join('\n'),
  example: 'stm-lab strf speaker --manifest free-spoken-digit-dataset/recordings --out results/strf',
  async run(options, positionals, terminal) {
    const [what] = positionals;
    const out = options['out'] ?? path.join('results', 'strf');
    if (what === 'filters') {
      const files = await withStage(options, path.join(out, 'figures'), terminal, (context) =>
        strfFiguresStage({ results: out }, context),
      );
      files.forEach((file) => terminal.print(path.relative(process.cwd(), file)));
      return 0;
    }
    const searching = what === 'search';
    const task = STRF_TASKS.find((name) => name === (searching ? positionals[1] : what));
    if (task === undefined || positionals.length > (searching ? 2 : 1))
      throw inputError(
        `stm-lab strf: "${positionals.join(' ')}" must be one of ${STRF_TASKS.join(', ')}, filters, or "search" with a task`,
      );
    const source = options['manifest'];
    if (source === undefined)
      throw inputError(
        `stm-lab strf ${positionals.join(' ')}: --manifest is required; see "stm-lab strf --help"`,
      );
    const experiment = readStrfExperiment(options['preset'] ?? 'reduced');
    const settings = experiment[task];
    const compared = {
      conditions: options['conditions']?.split(',').map((text) => text.trim()) ?? settings.conditions,
      seeds: integerOption(options, 'seeds', { min: 1, max: 1000, fallback: settings.seeds }),
    };
    const shared = { task, source, noise: options['noise'] };
    if (searching) {
      const folder = path.join(out, `${task}-search`);
      const own = { ...experiment, [task]: searchedSection({ ...settings, ...compared }, options) };
      await search({ ...shared, out: folder, experiment: own }, options, terminal);
      return 0;
    }
    const folder = path.join(out, task);
    const summary = await withStage(options, folder, terminal, (context) =>
      strfTaskStage({ ...shared, ...compared, out: folder, experiment }, context),
    );
    printTable(terminal, strfScoreTable(summary, compared.conditions));
    summary.remarks.forEach((remark) => terminal.print(remark));
    terminal.print(`${folder}: ${statusText(summary.status)}`);
    return exitCodeOf(`strf ${task}`, summary.failed, terminal);
  },
};

/** A task's section with the number of trials that the options ask for. */
function searchedSection(section: StrfSection, options: OptionValues): StrfSection {
  const { search: stated } = section;
  if (stated === undefined) return section;
  const trials = integerOption(options, 'trials', { min: 1, fallback: stated.trials });
  return { ...section, search: { ...stated, trials } };
}

async function search(
  request: Omit<StrfSearchOptions, 'onTrial'>,
  options: OptionValues,
  terminal: Terminal,
): Promise<void> {
  const onTrial: StrfSearchOptions['onTrial'] = (trial) => terminal.print(trialLine(trial));
  const found = await withStage(options, request.out, terminal, (context) =>
    strfSearchStage({ ...request, onTrial }, context),
  );
  printSettingsSearch(terminal, request.out, found);
}
