import { inputError } from 'research-basics/errors';
import { classMeanFigure, cohensD, effectSizeFigure, type FigureSpec } from '../../figures';
import { classNumbers, planeAxes, openFeatureFolder } from '../featureFolder';
import { drawRecording } from '../recordingFigure';
import type { ExperimentStages } from '../experimentStages';
import { silenceParameter } from '../silenceLimit';

/**
 * One accepted recording on its way to features.
 *
 * @throws UserError (`input`) when no recording was accepted.
 */
export async function pipelineFigure(lab: ExperimentStages): Promise<FigureSpec> {
  const { rejected } = await lab.extract();
  const refused = new Set(rejected.map((entry) => entry.path));
  const recording = lab.manifest.rows.find((row) => !refused.has(row.path));
  if (recording === undefined)
    throw inputError(`${lab.manifest.file}: no recording was accepted, so there is none to draw`);
  return drawRecording({
    file: recording.file,
    startSeconds: recording.startSeconds,
    channels: lab.experiment.features.channels,
    ...silenceParameter(lab.experiment.features.maxSilenceSeconds),
    title: `${recording.path} (${recording.label})`,
    note: lab.note,
  });
}

/** Mean features of each class. */
export async function classMeansFigure(lab: ExperimentStages): Promise<FigureSpec> {
  await lab.extract();
  const folder = openFeatureFolder(lab.folders.features);
  const { columns } = folder.matrix;
  const { classes, y } = classNumbers(folder.index.map(({ label }) => label));
  const sums = classes.map(() => new Float64Array(columns));
  const counts = classes.map(() => 0);
  folder.index.forEach((_, row) => {
    const values = folder.matrix.readRows(row, row + 1);
    counts[y[row]!]!++;
    for (let c = 0; c < columns; c++) sums[y[row]!]![c]! += values[c]!;
  });
  folder.matrix.close();
  return classMeanFigure({
    classes: classes.map((label, i) => ({
      label,
      mean: sums[i]!.map((sum) => sum / counts[i]!),
      count: counts[i]!,
    })),
    axes: planeAxes(folder),
    note: lab.note,
  });
}

/** Cohen's d between classes of a domain and between domains. */
export const effectSizesFigure = (lab: ExperimentStages): Promise<FigureSpec> => effectSizes(lab, 'pooled');

/** The same as the published code computes it, with the first group's deviation for both. */
export const publishedEffectSizesFigure = (lab: ExperimentStages): Promise<FigureSpec> =>
  effectSizes(lab, 'published');

async function effectSizes(lab: ExperimentStages, deviation: 'pooled' | 'published'): Promise<FigureSpec> {
  await lab.extract();
  const folder = openFeatureFolder(lab.folders.features);
  const data = folder.matrix.readRows(0, folder.matrix.rows);
  const { columns } = folder.matrix;
  folder.matrix.close();
  const rowsOf = ({ holds }: Side): number[] =>
    folder.index.flatMap(({ label }, row) => (holds(label) ? [row] : []));
  const pairs = comparisonPairs(folder.index.map(({ label }) => label)).filter(
    ([first, second]) => rowsOf(first).length >= 2 && rowsOf(second).length >= 2,
  );
  return effectSizeFigure({
    comparisons: pairs.map(([first, second]) => ({
      title: `${first.title} − ${second.title}`,
      d: cohensD(data, columns, rowsOf(first), rowsOf(second), { deviation }),
    })),
    deviation,
    axes: planeAxes(folder),
    note: lab.note,
  });
}

const shortLabel = (label: string): string => label.replace(/^.*: /, '');

/** One side of a comparison: a class or a domain. */
interface Side {
  readonly title: string;
  readonly holds: (label: string) => boolean;
}

const domainOf = (label: string): string => label.split(':')[0]!;

/** Classes of one domain against each other, then domains against each other, as in the paper. */
function comparisonPairs(labels: readonly string[]): [Side, Side][] {
  const classes = [...new Set(labels)].sort();
  const domains = [...new Set(classes.map(domainOf))];
  const pairsOf = (sides: readonly Side[]): [Side, Side][] =>
    sides.flatMap((first, i) => sides.slice(i + 1).map((second): [Side, Side] => [first, second]));
  const classSide = (name: string): Side => ({ title: shortLabel(name), holds: (label) => label === name });
  if (domains.length === classes.length) return pairsOf(classes.map(classSide)).slice(0, 6);
  const within = domains.flatMap((domain) =>
    pairsOf(classes.filter((label) => domainOf(label) === domain).map(classSide)),
  );
  const between = domains.map((domain) => ({
    title: domain,
    holds: (label: string) => domainOf(label) === domain,
  }));
  return [...within, ...pairsOf(between)];
}
