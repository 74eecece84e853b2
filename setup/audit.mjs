// Known weaknesses of the packages we depend on, less those argued in setup/audit-allow.json.
//   npm run audit
// Exits 1 on an advisory that is not argued, or an argument that has expired. Without a registry that answers audits it
// says so and exits 0: a machine without network must not fail for it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv, exit } from 'node:process';
import { root } from './paths.mjs';

/** Advisories of an `npm audit --json` report, one entry for each package and advisory. */
export function advisoriesOf(report) {
  return Object.values(report.vulnerabilities ?? {}).flatMap(({ name, via }) =>
    via
      .filter((cause) => typeof cause === 'object')
      .map(({ url, title, severity }) => ({ package: name, id: url.split('/').at(-1), title, severity })),
  );
}

/** What is not argued, and which arguments are of no use any more. */
export function assess(advisories, allowed, today) {
  const matches = (entry, advisory) => entry.id === advisory.id && entry.package === advisory.package;
  const valid = allowed.filter(({ until }) => until >= today);
  return {
    open: advisories.filter((advisory) => !valid.some((entry) => matches(entry, advisory))),
    stale: allowed.filter(
      (entry) => entry.until < today || !advisories.some((advisory) => matches(entry, advisory)),
    ),
  };
}

function main() {
  const { allowed } = JSON.parse(readFileSync(join(root, 'setup', 'audit-allow.json'), 'utf8'));
  const { stdout, error } = spawnSync('npm', ['audit', '--json', '--omit=dev'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 1 << 28,
  });
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    report = undefined;
  }
  if (report?.vulnerabilities === undefined) {
    const reason = report?.message ?? error?.message ?? 'no answer';
    console.log(`SKIPPED: the registry gives no audit (${reason}); the dependencies are not assessed`);
    return 0;
  }
  const { open, stale } = assess(advisoriesOf(report), allowed, new Date().toISOString().slice(0, 10));
  for (const { package: name, id, title, severity } of open)
    console.log(`${severity}: ${name}: ${title} (${id})`);
  for (const { package: name, id, until } of stale)
    console.log(`no longer needed or expired (${until}): ${name} ${id} in setup/audit-allow.json`);
  if (open.length === 0)
    console.log(`no weakness that is not argued in setup/audit-allow.json (${allowed.length} are)`);
  return open.length === 0 ? 0 : 1;
}

if (argv[1] !== undefined && resolve(argv[1]) === import.meta.filename) exit(main());
