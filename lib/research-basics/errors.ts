/**
 * What went wrong, in one sentence meant for the person at the terminal. The command line prints
 * `message` alone (no stack) and exits with `exitCode`; the library throws it.
 *
 * - `input`: a file, manifest or argument that cannot be used (exit 2, before any work)
 * - `environment`: a missing or broken part of the installation, with its fix (exit 3)
 * - `interrupted`: stopped on request, resumable (exit 130; 143 after SIGTERM)
 * - `diverged`: numbers became infinite or not a number (exit 1); what does not depend on them continues
 */
export class UserError extends Error {
  readonly kind: 'input' | 'environment' | 'interrupted' | 'diverged';

  constructor(kind: UserError['kind'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UserError';
    this.kind = kind;
  }

  /** Process exit status for the command line. */
  get exitCode(): number {
    return { input: 2, environment: 3, interrupted: 130, diverged: 1 }[this.kind];
  }
}

/**
 * In a notebook the kernel prints whatever a cell throws: here the sentence alone. The rest is in `error.stack`, or printed
 * with `SHOW_STACK=1`. Elsewhere nothing changes.
 */
Object.defineProperty(UserError.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(
    this: UserError,
    _depth: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ) {
    const sentenceAlone = '__tslab__' in globalThis && !process.env['SHOW_STACK'];
    return sentenceAlone ? this.message : inspect(this, { ...options, customInspect: false });
  },
});

/** An unusable input: say which file or option, what value it held, and what would be accepted. */
export function inputError(message: string, cause?: unknown): UserError {
  return new UserError('input', message, cause === undefined ? undefined : { cause });
}

/** A missing or broken part of the installation: say which part, and the command that fixes it. */
export function environmentError(message: string, cause?: unknown): UserError {
  return new UserError('environment', message, cause === undefined ? undefined : { cause });
}

/** Numbers that are not numbers: say whose they are, where they first appeared, and what may help. */
export function divergedError(message: string): UserError {
  return new UserError('diverged', message);
}

/** Whether something thrown says that numbers diverged: other work may continue. */
export function isDivergence(error: unknown): error is UserError {
  return error instanceof UserError && error.kind === 'diverged';
}

/** System error codes that tell of the path that was given; every other one tells of the machine. */
const PATH_CODES: ReadonlySet<unknown> = new Set([
  'ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM', 'ERR_INVALID_ARG_VALUE',
]); // prettier-ignore

const PATH_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file (part of its path is a file, not a folder)',
  EISDIR: 'is a folder; a file was expected',
  EACCES: 'cannot be read (permission denied); give yourself permission to read it',
  EPERM: 'cannot be read (permission denied); give yourself permission to read it',
};

/**
 * A file that the system does not open or read: `input` where the path is at fault (missing, a folder, no
 * permission), `environment` where the machine is (EIO, ESTALE, EMFILE, no memory). The system's error is the `cause`.
 */
export function fileError(file: string, error: unknown): UserError {
  const reason = messageOf(error);
  const code = codeOf(error);
  return PATH_CODES.has(code)
    ? inputError(`${file}: ${PATH_REASONS[String(code)] ?? `cannot be read (${reason})`}`, error)
    : environmentError(
        `${file}: could not be read (${reason}); try again, and check the disk, the network share and the limits of the system`,
        error,
      );
}

/**
 * Whether an error tells of the bytes of a file, so that the same bytes give it again and it may be remembered with
 * them. False for a path that cannot be opened, a failing disk, a missing part of the installation, exhausted memory,
 * and anything that is not a `UserError` of kind `input`.
 */
export function isContentError(error: unknown): boolean {
  return error instanceof UserError && error.kind === 'input' && codeOf(error.cause) === undefined;
}

/** Whether an error says that memory ran out, which may not happen on the next try. */
export function isOutOfMemory(error: unknown): boolean {
  return (
    ['ENOMEM', 'ERR_WORKER_OUT_OF_MEMORY', 'ERR_MEMORY_ALLOCATION_FAILED'].includes(String(codeOf(error))) ||
    /out of memory|allocation failed|could not allocate|cannot enlarge memory|cannot allocate/i.test(
      messageOf(error),
    )
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
