import * as fs from 'node:fs';
import * as http from 'node:http';
import * as net from 'node:net';
import { inputError } from 'research-basics/errors';

/**
 * The port for a server that is to be started.
 *
 * @param wanted 0: any free one; absent: the last one used, else 5000, else any free one
 * @throws UserError (`input`) when the wanted one is taken.
 */
export async function choosePort(wanted: number | undefined, last: number | undefined): Promise<number> {
  if (wanted !== undefined && wanted !== 0) {
    if (await portFree(wanted)) return wanted;
    throw inputError(`port ${wanted} on 127.0.0.1 is taken by another program; choose another one`);
  }
  for (const port of wanted === 0 ? [] : [last, 5000])
    if (port !== undefined && (await portFree(port))) return port;
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

function portFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.on('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Whether a server has written to its log, from a byte on, that it listens at a port. */
export function listens(log: string, from: number, port: number): boolean {
  const file = fs.openSync(log, 'r');
  const said = Buffer.alloc(Math.max(0, fs.fstatSync(file).size - from));
  fs.readSync(file, said, 0, said.length, from);
  fs.closeSync(file);
  return said.includes(`http://127.0.0.1:${port} `);
}

/** Whether an MLflow server answers at this port. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get(
      { host: '127.0.0.1', port, path: '/health', agent: false, timeout: 2000 },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
