import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The folder that holds package.json. */
export const root = path.resolve(__dirname, '..', '..');
const bin = (name: string, file: string): string => path.join(root, 'node_modules', name, ...file.split('/'));

/** Packs packages with npm, as for a release. @returns paths of the tarballs, in the order asked for. */
export async function pack(names: readonly string[], folder: string): Promise<string[]> {
  fs.mkdirSync(folder, { recursive: true });
  const workspaces = names.flatMap((name) => ['--workspace', name]);
  await run('npm', ['pack', ...workspaces, '--pack-destination', folder], { cwd: root });
  return names.map((name) => {
    const file = fs.readdirSync(folder).find((one) => new RegExp(`^${name}-\\d`).test(one));
    if (file === undefined) throw new Error(`npm packed no ${name}`);
    return path.join(folder, file);
  });
}

/**
 * Makes an empty project in a folder outside the repository and installs tarballs in it, from npm's cache where it can.
 *
 * @param overrides versions that the project imposes on packages of its packages
 */
export async function install(
  folder: string,
  tarballs: readonly string[],
  overrides: Readonly<Record<string, string>> = {},
): Promise<void> {
  fs.mkdirSync(folder, { recursive: true });
  const project = { name: 'empty', private: true, overrides };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(project));
  await run(
    'npm',
    ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs],
    { cwd: folder, maxBuffer: 1 << 26 },
  );
}

/** An example of a README: a program, with what it prints, and the file that it needs, if any. */
export interface Example {
  readonly program: string;
  readonly prints: string | undefined;
  readonly files: Readonly<Record<string, string>>;
}

/** The TypeScript examples of a README, each with the text block and the named JavaScript files around it. */
export function examplesOf(readme: string): Example[] {
  const blocks = [...readme.matchAll(/(?:`([\w.-]+)`:\n\n)?```(\w+)\n([\s\S]*?)```/g)].map((match) => ({
    name: match[1],
    kind: match[2]!,
    text: match[3]!,
  }));
  let files: Record<string, string> = {};
  return blocks.flatMap(({ name, kind, text }, i) => {
    if (kind === 'js' && name !== undefined) files[name] = text;
    if (kind !== 'ts') return [];
    const next = blocks[i + 1];
    const example = { program: text, prints: next?.kind === 'text' ? next.text : undefined, files };
    files = {};
    return [example];
  });
}

/** Type-checks examples, by name, as CommonJS and as ES modules, and compiles both. */
export async function compileExamples(
  folder: string,
  examples: Readonly<Record<string, Example>>,
): Promise<void> {
  const sources = Object.entries(examples).flatMap(([name, { program }]) =>
    ['cts', 'mts'].map((ending) => {
      fs.writeFileSync(path.join(folder, `${name}.${ending}`), program);
      return `${name}.${ending}`;
    }),
  );
  const options = [
    ...['--module', 'nodenext', '--target', 'es2022', '--strict', '--skipLibCheck'],
    ...['--types', 'node', '--typeRoots', path.join(root, 'node_modules', '@types')],
  ];
  await run(process.execPath, [bin('typescript', 'bin/tsc'), ...options, ...sources], { cwd: folder }).catch(
    (error: { stdout?: string; message: string }) => {
      throw new Error(`${error.message}\n${error.stdout ?? ''}`);
    },
  );
}

/** Runs a compiled example, required and imported. @returns what each printed. */
export async function runExample(folder: string, name: string, example: Example): Promise<string[]> {
  const printed: string[] = [];
  for (const ending of ['cjs', 'mjs']) printed.push(await fresh(folder, `${name}.${ending}`, example.files));
  return printed;
}

/** Bundles the compiled example with esbuild and runs the bundle where there are no packages. */
export async function runBundle(
  folder: string,
  name: string,
  example: Example,
  out: string,
  ...args: string[]
): Promise<string> {
  fs.mkdirSync(out, { recursive: true });
  const bundle = path.join(out, `${name}.js`);
  const options = ['--bundle', '--platform=node', `--outfile=${bundle}`, '--log-level=warning'];
  await run(bin('esbuild', 'bin/esbuild'), [path.join(folder, `${name}.cjs`), ...options], { cwd: folder });
  return fresh(out, `${name}.js`, example.files, args);
}

/** Runs a program in a working folder of its own, so that no journal of another run is continued. */
async function fresh(
  folder: string,
  program: string,
  files: Example['files'],
  args: readonly string[] = [],
): Promise<string> {
  const work = fs.mkdtempSync(path.join(folder, 'work-'));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(work, name), text);
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = await run(process.execPath, [path.join(folder, program), ...args], { cwd: work, env });
  return stdout;
}
