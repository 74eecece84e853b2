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

test('Python requirements are exact, and the constraints agree with them', () => {
  const lines = (name: string): string[] =>
    readFileSync(path.join(root, 'setup', name), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  const constraints = lines('constraints.txt');
  for (const line of lines('requirements.txt')) {
    assert.match(line, /^[\w-]+==\d[\w.]*$/);
    assert.ok(constraints.includes(line), `${line} is not in constraints.txt`);
  }
  for (const line of constraints) assert.match(line, /^[\w.-]+==\S+$/);
});
