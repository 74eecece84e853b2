import { stderr } from 'node:process';

const updateMs = stderr.isTTY ? 250 : 15_000;

/**
 * Shows how long a step has been running: one line that is rewritten on a terminal, a plain line every
 * 15 s elsewhere. Nothing goes to standard output, which belongs to the job.
 *
 * @param detail asked at each update for a short text on how far the step is.
 * @param start `announced` (default): elsewhere than on a terminal, a first line at once; `silent`: not before 15 s.
 */
export function progressLine(title, detail, start = 'announced') {
  const startMs = Date.now();
  const seconds = () => `${Math.round((Date.now() - startMs) / 1000)} s`;
  const text = (more) => `  ${title} … ${seconds()}${more ? `  ${more}` : ''}`;
  const show = () => {
    const width = Math.max(40, (stderr.columns ?? 100) - 1);
    const line = text(detail())
      .replace(/\p{Cc}/gu, ' ')
      .slice(0, width);
    stderr.write(stderr.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
  };
  if (!stderr.isTTY && start === 'announced') stderr.write(`  ${title} …  ${detail()}`.trimEnd() + '\n');
  const timer = setInterval(show, updateMs);
  return {
    /** Takes the line away; the step reports its own result. */
    end() {
      clearInterval(timer);
      if (stderr.isTTY) stderr.write('\r\u001b[2K');
    },
  };
}

export function say(line) {
  stderr.write(`${line}\n`);
}
