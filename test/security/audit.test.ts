import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '../pipeline/support';

const setup = path.resolve(__dirname, '..', '..', 'setup');
interface Allowed {
  readonly package: string;
  readonly id: string;
  readonly reason: string;
  readonly until: string;
}
const { allowed } = JSON.parse(fs.readFileSync(path.join(setup, 'audit-allow.json'), 'utf8')) as {
  allowed: Allowed[];
};

test('every exception is argued and dated', () => {
  for (const { id, reason, until } of allowed) {
    assert.match(id, /^GHSA(-[0-9a-z]{4}){3}$/);
    assert.ok(reason.length > 60, `${id}: ${reason}`);
    assert.match(until, /^\d{4}-\d\d-\d\d$/);
  }
});

test('a weakness that is not argued is open, an expired argument is none, a needless one is named', async () => {
  const { advisoriesOf, assess } = (await import(pathToFileURL(path.join(setup, 'audit.mjs')).href)) as {
    advisoriesOf(report: unknown): { package: string; id: string }[];
    assess(
      found: unknown,
      allowed: unknown,
      today: string,
    ): { open: { id: string }[]; stale: { id: string }[] };
  };
  const via = (id: string): object => ({
    url: `https://github.com/advisories/${id}`,
    title: 't',
    severity: 'high',
  });
  const report = {
    vulnerabilities: { a: { name: 'a', via: [via('GHSA-1'), 'b'] }, b: { name: 'b', via: [via('GHSA-2')] } },
  };
  const found = advisoriesOf(report);
  assert.deepEqual(
    found.map(({ package: name, id }) => [name, id]),
    [
      ['a', 'GHSA-1'],
      ['b', 'GHSA-2'],
    ],
  );
  const entry = (id: string, name: string, until: string): object => ({ id, package: name, until });
  const list = [
    entry('GHSA-1', 'a', '2020-01-01'),
    entry('GHSA-2', 'b', '2999-01-01'),
    entry('GHSA-3', 'c', '2999-01-01'),
  ];
  const { open, stale } = assess(found, list, '2026-01-01');
  assert.deepEqual([open.map(({ id }) => id), stale.map(({ id }) => id)], [['GHSA-1'], ['GHSA-1', 'GHSA-3']]);
});

test('without a registry that answers, the audit says so and does not fail', () => {
  const folder = temporaryFolder('npm');
  const npm = path.join(folder, 'npm');
  fs.writeFileSync(npm, '#!/bin/sh\necho \'{"message":"getaddrinfo ENOTFOUND"}\'\nexit 1\n', { mode: 0o755 });
  const { status, stdout } = spawnSync(process.execPath, [path.join(setup, 'audit.mjs')], {
    env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  assert.match(stdout, /^SKIPPED: the registry gives no audit \(getaddrinfo ENOTFOUND\)/);
});
