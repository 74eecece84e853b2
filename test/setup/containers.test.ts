import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { root } from './workbench';

const read = (name: string): string => fs.readFileSync(path.join(root, name), 'utf8');
const dockerfile = read('Dockerfile');
const { image, onCreateCommand, postCreateCommand } = JSON.parse(
  read('.devcontainer/devcontainer.json'),
) as Record<'image' | 'onCreateCommand' | 'postCreateCommand', string>;
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

test('both containers hold a tested Node, a compiler and Python with venv', () => {
  for (const text of [dockerfile, `${image} ${onCreateCommand}`]) {
    assert.match(text, /node:22-bookworm/);
    for (const needed of ['g++', 'python3 ', 'python3-venv']) assert.ok(text.includes(needed), needed);
  }
  // The version of the comment's stand-in for machines without Docker is that of the image.
  assert.match(dockerfile, /test:fresh -- --python \/usr\/bin\/python3 --node 22/);
});

test('what the containers run are scripts of the repository', () => {
  const named = [
    ...`${dockerfile}\n${postCreateCommand}`.matchAll(/npm",? "?run",? "?([\w:]+)|npm run ([\w:]+)/g),
  ];
  const names = named.map(([, array, shell]) => array ?? shell!);
  assert.deepEqual([...new Set(names)].sort(), ['doctor', 'reproduce', 'test:fresh']);
  for (const name of names) assert.ok(scripts[name] !== undefined, name);
});
