import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { root } from './workbench';

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

interface LockedPackage extends Manifest {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly integrity?: string;
}

const lockfile = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};

test('the lockfile names no host, so that any registry mirror serves it', () => {
  const hosts = Object.entries(lockfile.packages).flatMap(([name, entry]) => {
    // A workspace is a link to its folder.
    const resolved = entry.link ? '' : (entry.resolved ?? '');
    const specs = { resolved, ...entry.dependencies, ...entry.optionalDependencies };
    return Object.entries(specs)
      .filter(([, value]) => /^(https?|git|ssh)[:+]|^[\w.-]+\/[\w.-]+$/.test(value))
      .map(([key, value]) => `${name}: ${key} = ${value}`);
  });
  assert.deepEqual(hosts, []);
});

const packages = readdirSync(path.join(root, 'lib'))
  .filter((name) => existsSync(path.join(root, 'lib', name, 'package.json')))
  .map((name) => `lib/${name}`);

test('the lockfile belongs to the package files beside it, as npm ci demands', () => {
  for (const folder of ['', ...packages]) {
    const wanted = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as Manifest;
    const locked = lockfile.packages[folder] as Manifest;
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
      assert.deepEqual(
        locked[kind] ?? {},
        wanted[kind] ?? {},
        `${folder}/package.json, ${kind}: run "npm install"`,
      );
    }
  }
});

test('every locked package carries its hash', () => {
  const bare = Object.entries(lockfile.packages)
    .filter(([name, entry]) => name.includes('node_modules/') && !entry.link && !entry.integrity)
    .map(([name]) => name);
  assert.deepEqual(bare, []);
});

/** The pins of a lock file, each with the lines of hashes below it. */
function pythonPins(name: string): { name: string; version: string; marker: string; hashes: number }[] {
  const text = readFileSync(path.join(root, 'setup', 'python', name), 'utf8').replaceAll('\\\n', ' ');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, pin = '', version = '', marker = ''] =
        /^([\w.-]+)==([^\s;]+)(?: ; (.*?))?(?=\s+--|$)/.exec(line) ?? [];
      return { name: pin, version, marker, hashes: line.match(/--hash=sha256:[0-9a-f]{64}/g)?.length ?? 0 };
    });
}

test('Python requirements are exact, and the lock holds them and a hash of each package', () => {
  const requirements = readFileSync(path.join(root, 'setup', 'python', 'requirements.txt'), 'utf8');
  const lock = pythonPins('lock.txt');
  for (const line of requirements.split('\n').filter((text) => text !== '' && !text.startsWith('#'))) {
    assert.match(line, /^[\w-]+==\d[\w.]*$/);
    const pins = lock.filter(({ name }) => name === line.split('==')[0]);
    assert.deepEqual(
      pins.map(({ name, version, marker }) => [`${name}==${version}`, marker]),
      [[line, '']],
    );
  }
  for (const { name, version, hashes } of [...lock, ...pythonPins('installer.txt')])
    assert.ok(name !== '' && version !== '' && hashes > 0, `${name} ${version}: ${hashes} hashes`);
});
