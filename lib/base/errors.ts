/**
 * What went wrong, in one sentence meant for the person at the terminal. The command line prints
 * `message` alone (no stack) and exits with `exitCode`; the library throws it.
 *
 * - `input`: a file, manifest or argument that cannot be used (exit 2, before any work)
 * - `environment`: a missing or broken part of the installation, with its cure (exit 3)
 * - `interrupted`: stopped on request, resumable (exit 130)
 */
export class StmLabError extends Error {
  readonly kind: 'input' | 'environment' | 'interrupted';

  constructor(kind: 'input' | 'environment' | 'interrupted', message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StmLabError';
    this.kind = kind;
  }

  /** Process exit status for the command line. */
  get exitCode(): number {
    return { input: 2, environment: 3, interrupted: 130 }[this.kind];
  }
}

/** An unusable input: say which file or option, what value it held, and what would be accepted. */
export function inputError(message: string, cause?: unknown): StmLabError {
  return new StmLabError('input', message, cause === undefined ? undefined : { cause });
}

/** A missing or broken part of the installation: say which part, and the command that cures it. */
export function environmentError(message: string, cause?: unknown): StmLabError {
  return new StmLabError('environment', message, cause === undefined ? undefined : { cause });
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
