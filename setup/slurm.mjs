// Installs Slurm from Debian's packages, for "npm run test:slurm". It is not started as a service: the test runs its own.
//   node setup/slurm.mjs
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { exit, getuid } from 'node:process';

const programs = ['/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/sbin/munged', '/usr/bin/sbatch'];
const packages = ['slurmctld', 'slurmd', 'slurm-client', 'munge'];

/** Why Slurm cannot be installed here; undefined when it is there. */
function install() {
  const missing = programs.filter((program) => !existsSync(program));
  if (missing.length === 0) return undefined;
  if (getuid?.() !== 0)
    return `${missing[0]} is missing; install it as root: apt-get install ${packages.join(' ')}`;
  // Packages would start services of their own, on no configuration.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status, error, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' });
    if (error !== undefined)
      return `apt-get cannot be run (${error.message}); Slurm is installed from Debian's packages only`;
    if (status !== 0)
      return `"apt-get ${args.join(' ')}" failed: ${stderr.trim().split('\n').at(-1) ?? 'no reason given'}`;
  }
  return undefined;
}

const reason = install();
if (reason !== undefined) console.log(`SKIPPED: Slurm cannot be installed here: ${reason}`);
exit(reason === undefined ? 0 : 4);
