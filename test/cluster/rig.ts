import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';

/** A real Slurm cluster of several virtual nodes on this machine, in a folder of its own. */
export interface Rig {
  readonly nodes: readonly string[];
  /** What a program needs to speak to it. */
  readonly environment: NodeJS.ProcessEnv;
  /** Output of one of Slurm's programs. */
  slurm(program: string, ...args: string[]): string;
  /** Processes of the jobs on a node. */
  jobProcesses(node: string): number[];
  /** A node as lost: its daemon and all processes of its jobs are killed, and the controller is told. */
  lose(node: string): void;
  /** Brings a lost node back. */
  restore(node: string): void;
  stop(): void;
}

const sbin = (name: string): string => path.join('/usr/sbin', name);

async function freePorts(count: number): Promise<number> {
  for (let base = 17000 + 50 * (process.pid % 300); ; base += 50) {
    const free = await Promise.all(
      Array.from({ length: count }, (_, i) => {
        return new Promise<boolean>((resolve) => {
          const probe = net.createServer();
          probe.on('error', () => resolve(false));
          probe.listen(base + i, '127.0.0.1', () => probe.close(() => resolve(true)));
        });
      }),
    );
    if (free.every(Boolean)) return base;
  }
}

/** Starts munge, the controller and the nodes, each with one processor, all as this user and on 127.0.0.1. */
export async function startRig(folder: string, count: number): Promise<Rig> {
  const at = (name: string): string => path.join(folder, name);
  ['state', 'log', 'spool'].forEach((name) => fs.mkdirSync(at(name), { recursive: true }));
  const base = await freePorts(count + 1);
  const host = os.hostname().split('.')[0]!;
  const user = os.userInfo().username;
  const nodes = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  execFileSync('dd', ['if=/dev/urandom', `of=${at('munge.key')}`, 'bs=1024', 'count=1'], { stdio: 'ignore' });
  fs.chmodSync(at('munge.key'), 0o400);
  fs.writeFileSync(
    at('slurm.conf'),
    [
      'ClusterName=stm',
      `SlurmctldHost=${host}(127.0.0.1)`,
      `SlurmctldPort=${base}`,
      'AuthType=auth/munge',
      `AuthInfo=socket=${at('munge.socket')}`,
      `SlurmUser=${user}`,
      `SlurmdUser=${user}`,
      `StateSaveLocation=${at('state')}`,
      `SlurmdSpoolDir=${at('spool')}/%n`,
      `SlurmctldPidFile=${at('slurmctld.pid')}`,
      `SlurmdPidFile=${at('slurmd.%n.pid')}`,
      `SlurmctldLogFile=${at('log/slurmctld.log')}`,
      `SlurmdLogFile=${at('log/slurmd.%n.log')}`,
      'ProctrackType=proctrack/linuxproc',
      'TaskPlugin=task/none',
      'SwitchType=switch/none',
      'MpiDefault=none',
      'SelectType=select/cons_tres',
      'SelectTypeParameters=CR_CPU',
      'ReturnToService=2',
      'KillWait=5',
      'SlurmdParameters=config_overrides',
      `NodeName=n[1-${count}] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[${base + 1}-${base + count}] CPUs=1 RealMemory=8000`,
      'PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP',
      '',
    ].join('\n'),
  );
  const environment = { ...process.env, SLURM_CONF: at('slurm.conf') };
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const startNode = (node: string): void => {
    fs.mkdirSync(path.join(at('spool'), node), { recursive: true });
    run(sbin('slurmd'), '-N', node);
  };
  run(
    sbin('munged'),
    ...['--force', `--key-file=${at('munge.key')}`, `--socket=${at('munge.socket')}`],
    ...[
      `--pid-file=${at('munged.pid')}`,
      `--log-file=${at('log/munged.log')}`,
      `--seed-file=${at('munged.seed')}`,
    ],
  );
  run(sbin('slurmctld'));
  nodes.forEach(startNode);

  const kill = (pidFile: string, signal: NodeJS.Signals): void => {
    try {
      process.kill(Number(fs.readFileSync(pidFile, 'utf8')), signal);
    } catch {
      // Not running.
    }
  };
  /** The daemon that started a process of a job, if it did. */
  const watcherOf = (pid: number): number[] => {
    try {
      const parent = Number(/^PPid:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
      return fs.readFileSync(`/proc/${parent}/comm`, 'latin1').trim() === 'slurmstepd' ? [parent] : [];
    } catch {
      return [];
    }
  };
  const jobProcesses = (node: string): number[] =>
    fs
      .readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const variables = fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
          return (
            variables.includes(`SLURMD_NODENAME=${node}`) &&
            variables.includes(`SLURM_CONF=${at('slurm.conf')}`)
          );
        } catch {
          return false;
        }
      });
  const slurm: Rig['slurm'] = (program, ...args) => run(program, ...args).trim();
  const rig: Rig = {
    nodes,
    environment,
    slurm,
    jobProcesses,
    lose(node) {
      kill(at(`slurmd.${node}.pid`), 'SIGKILL');
      const jobs = jobProcesses(node);
      // First those who watch over the jobs: on a node that is lost nobody is left to report how they ended.
      [...new Set(jobs.flatMap(watcherOf)), ...jobs].forEach((pid) => {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // Ended meanwhile.
        }
      });
      slurm('scontrol', 'update', `nodename=${node}`, 'state=down', 'reason=lost');
    },
    restore(node) {
      startNode(node);
      spawnSync('scontrol', ['update', `nodename=${node}`, 'state=resume'], { env: environment });
    },
    stop() {
      spawnSync('scancel', ['--me'], { env: environment });
      nodes.forEach((node) => kill(at(`slurmd.${node}.pid`), 'SIGTERM'));
      kill(at('slurmctld.pid'), 'SIGTERM');
      kill(at('munged.pid'), 'SIGTERM');
    },
  };
  for (let waited = 0; ; waited += 200) {
    const idle = slurm('sinfo', '--noheader', '--Node', '--format=%N %t').split('\n');
    if (idle.length === count && idle.every((line) => / idle$/.test(line.trim()))) return rig;
    if (waited > 30_000) {
      rig.stop();
      throw new Error(`the nodes do not come up: ${idle.join(', ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
