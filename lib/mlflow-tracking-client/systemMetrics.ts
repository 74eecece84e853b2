import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import type { Run } from './types';

export interface SystemSampling {
  /** ms between samples. Default 10 s, as in MLflow. */
  intervalMs?: number;
  /** Folder whose disk is watched. Default: the working folder. */
  diskOf?: string;
}

/**
 * Samples this machine's load into a run, under the names MLflow's own sampler uses (the UI shows them on
 * the "System metrics" page): `system/cpu_utilization_percentage`, `system/system_memory_usage_megabytes`
 * and `_percentage`, `system/disk_usage_percentage`, `_megabytes` and `disk_available_megabytes`; on Linux
 * `system/network_receive_megabytes` and `network_transmit_megabytes` since the start, without loopback; of each
 * NVIDIA GPU, where `nvidia-smi` is on the path, `system/gpu_0_utilization_percentage`, `_memory_usage_megabytes`, `_memory_usage_percentage`,
 * `_power_usage_watts` (as they were at the sample before); and of this process
 * `system/process_cpu_percentage` (100 = one core) and `system/process_memory_megabytes`. The timer does
 * not keep the process alive.
 *
 * @returns a function that takes a last sample and stops.
 */
export function sampleSystem(run: Run, options: SystemSampling = {}): () => void {
  const intervalMs = options.intervalMs ?? 10_000;
  let cores = coreTimes();
  const network = networkBytes();
  const gpus = watchGpus();
  let own = process.cpuUsage();
  let at = performance.now();
  let step = (run.lastStep('system/cpu_utilization_percentage') ?? -1) + 1;

  const sample = (): void => {
    const now = performance.now();
    const nowCores = coreTimes();
    const used = process.cpuUsage(own);
    const total = nowCores.total - cores.total;
    const metrics: Record<string, number> = {
      'system/system_memory_usage_megabytes': (os.totalmem() - availableMemory()) / 1e6,
      'system/system_memory_usage_percentage': 100 * (1 - availableMemory() / os.totalmem()),
      'system/process_cpu_percentage': (100 * (used.user + used.system)) / 1000 / Math.max(1, now - at),
      'system/process_memory_megabytes': process.memoryUsage.rss() / 1e6,
      ...gpus(),
    };
    if (total > 0) {
      metrics['system/cpu_utilization_percentage'] = 100 * (1 - (nowCores.idle - cores.idle) / total);
    }
    try {
      const disk = fs.statfsSync(options.diskOf ?? '.');
      metrics['system/disk_usage_percentage'] = 100 * (1 - disk.bavail / disk.blocks);
      metrics['system/disk_usage_megabytes'] = ((disk.blocks - disk.bfree) * disk.bsize) / 1e6;
      metrics['system/disk_available_megabytes'] = (disk.bavail * disk.bsize) / 1e6;
    } catch {
      // Not every file system tells.
    }
    const traffic = networkBytes();
    if (network !== undefined && traffic !== undefined) {
      metrics['system/network_receive_megabytes'] = (traffic.received - network.received) / 1e6;
      metrics['system/network_transmit_megabytes'] = (traffic.sent - network.sent) / 1e6;
    }
    for (const name of Object.keys(metrics)) metrics[name] = Math.round(10 * metrics[name]!) / 10;
    run.logMetrics(metrics, step++);
    cores = nowCores;
    own = process.cpuUsage();
    at = now;
  };

  const timer = setInterval(sample, intervalMs);
  timer.unref();
  let stopped = false;
  return () => {
    if (stopped) return;
    stopped = true;
    clearInterval(timer);
    sample();
  };
}

/** @returns a function that returns the latest output of `nvidia-smi` and requests a new one without waiting; empty where there is none. */
function watchGpus(): () => Record<string, number> {
  const fields = ['utilization.gpu', 'memory.used', 'memory.total', 'power.draw'];
  let latest: Record<string, number> = {};
  let state: 'ready' | 'asked' | 'absent' = 'ready';
  const ask = (): void => {
    if (state !== 'ready') return;
    state = 'asked';
    const args = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'];
    const child = execFile('nvidia-smi', args, { timeout: 5000 }, (error, text) => {
      state = error === null ? 'ready' : 'absent';
      latest = error === null ? gpuMetrics(text) : {};
    });
    child.unref();
  };
  ask();
  return () => {
    ask();
    return latest;
  };
}

/** What `nvidia-smi` prints of each GPU: utilisation in percent, memory used and there in MiB, watts; `[N/A]` where it does not know. */
export function gpuMetrics(text: string): Record<string, number> {
  const metrics: Record<string, number> = {};
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  for (const [i, line] of lines.entries()) {
    const [utilization, used, total, power] = line.split(',').map(Number) as [number, number, number, number];
    Object.assign(metrics, {
      [`system/gpu_${i}_utilization_percentage`]: utilization,
      [`system/gpu_${i}_memory_usage_megabytes`]: used * 1.048576,
      [`system/gpu_${i}_memory_usage_percentage`]: (100 * used) / total,
      [`system/gpu_${i}_power_usage_watts`]: power,
    });
  }
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}

function coreTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of os.cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total };
}

/** Bytes that programs could still get; caches count as free where the system tells (Linux). */
function availableMemory(): number {
  try {
    const match = /^MemAvailable:\s+(\d+) kB/m.exec(fs.readFileSync('/proc/meminfo', 'latin1'));
    if (match !== null) return 1024 * Number(match[1]);
  } catch {
    // Not Linux.
  }
  return os.freemem();
}

/** Bytes over all network interfaces but loopback since the machine started; undefined where the system does not tell. */
function networkBytes(): { received: number; sent: number } | undefined {
  try {
    const total = { received: 0, sent: 0 };
    for (const line of fs.readFileSync('/proc/net/dev', 'latin1').split('\n').slice(2)) {
      const [name, counts] = line.split(':') as [string, string?];
      if (counts === undefined || name.trim() === 'lo') continue;
      const numbers = counts.trim().split(/\s+/).map(Number);
      total.received += numbers[0]!;
      total.sent += numbers[8]!;
    }
    return total;
  } catch {
    return undefined;
  }
}
