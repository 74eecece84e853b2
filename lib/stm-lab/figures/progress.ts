import { durationText } from 'research-basics/duration';
import { findKernel } from './notebook';

/** A line of text that changes in place. */
export interface ProgressDisplay {
  /** Offers a new text; shown unless one was shown less than the interval ago. */
  update(text: string): void;
  /** Shows the last text (or this one) for good. */
  finish(text?: string): void;
}

/**
 * A line in the running notebook cell that is replaced, not repeated. The kernel loses output beyond some
 * hundred messages at once, so updates are thinned out. Outside a notebook nothing happens.
 *
 * @param options.intervalMs least time between two updates. Default 400.
 */
export function showProgress(options: { readonly intervalMs?: number } = {}): ProgressDisplay {
  const interval = options.intervalMs ?? 400;
  const displayId = `stm-lab-${process.pid}-${++progressCount}`;
  let shown: string | undefined;
  let offered: string | undefined;
  let last = -Infinity;
  const write = (text: string): void => {
    if (text === shown) return;
    findKernel()?.write({ 'text/plain': text }, displayId, shown !== undefined);
    shown = text;
    last = performance.now();
  };
  return {
    update(text) {
      offered = text;
      if (performance.now() - last >= interval) write(text);
    },
    finish(text) {
      const final = text ?? offered;
      if (final !== undefined) write(final);
    },
  };
}

let progressCount = 0;

/** The progress of stages, one line each. */
export interface StageProgressDisplay {
  /** A line `stage: 3 of 12 cells (low-pass)`; time left is added where the line does not say it. */
  readonly update: (line: string) => void;
  /** Ends the line of the stage that is running, with the time it took. */
  readonly finish: () => void;
}

/**
 * Progress of one stage after another in the running notebook cell: a line for each, replaced as the stage continues. A
 * stage whose results are there shows nothing. Outside a notebook nothing happens.
 */
export function showStageProgress(): StageProgressDisplay {
  let stage:
    { name: string; display: ProgressDisplay; began: number; first: number; line: string } | undefined;
  const finish = (): void => {
    if (stage === undefined) return;
    stage.display.finish(`${stage.line}; took ${durationText((performance.now() - stage.began) / 1000)}`);
    stage = undefined;
  };
  return {
    finish,
    update(line) {
      const name = line.split(':')[0]!;
      const [, done, total] = (/(\d+) of (\d+)/.exec(line) ?? []).map(Number);
      if (stage?.name !== name) {
        finish();
        stage = { name, display: showProgress(), began: performance.now(), first: done ?? 0, line };
      }
      stage.line = line.replace(/, \d[\d.]* (s|min|h) left$/, '');
      const reached = (done ?? 0) - stage.first;
      const left = ((performance.now() - stage.began) / 1000 / reached) * ((total ?? 0) - (done ?? 0));
      const known = reached > 0 && left > 0 && !line.endsWith(' left');
      stage.display.update(known ? `${line}, ${durationText(left)} left` : line);
    },
  };
}
