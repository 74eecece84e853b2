import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

/** The part of ZeroMQ that a Jupyter client needs; the package is the kernel's own. */
interface ZeroMq {
  Dealer: new () => {
    connect(address: string): void;
    send(frames: string[]): Promise<void>;
    receive(): Promise<Buffer[]>;
    close(): void;
  };
}

// The publishing socket is bound one second after the others and, as in ZeroMQ, refuses to send before that.
const SLOW_BIND = `
const { ZmqServer } = require(process.env.JUPYTER);
const { bindSocket, publishStatus } = ZmqServer.prototype;
let bound = false;
ZmqServer.prototype.bindSocket = async function (socket, port) {
  if (socket === this.iopub) await new Promise((resolve) => setTimeout(resolve, 1000));
  await bindSocket.call(this, socket, port);
  if (socket === this.iopub) bound = true;
};
ZmqServer.prototype.publishStatus = function (...status) {
  if (!bound) throw Object.assign(new Error('Socket is blocked by a bind or unbind operation'), { code: 'EBUSY' });
  publishStatus.apply(this, status);
};`;

test('a request that comes while the kernel binds its sockets is answered', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'stm-lab-kernel-'));
  const jupyter = require.resolve('tslab/dist/jupyter.js');
  const { Dealer } = createRequire(jupyter)('zeromq') as ZeroMq;
  const ports = { iopub_port: 1, shell_port: 2, control_port: 3, stdin_port: 4, hb_port: 5 };
  const connection = {
    transport: 'ipc',
    ip: join(directory, 'socket'),
    key: 'key',
    signature_scheme: 'hmac-sha256',
  };
  const file = join(directory, 'connection.json');
  writeFileSync(file, JSON.stringify({ ...connection, ...ports }));
  const preload = join(directory, 'slowBind.cjs');
  writeFileSync(preload, SLOW_BIND);
  const kernel = spawn(process.execPath, ['--require', preload, resolve('setup/kernel.cjs'), file], {
    env: { ...process.env, JUPYTER: jupyter },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(kernel, 'exit');
  const complaint = once(kernel.stderr, 'data').then(([text]) => assert.fail(String(text)));
  const client = new Dealer();
  t.after(async () => {
    client.close();
    kernel.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true });
  });

  client.connect(`ipc://${connection.ip}:${ports.shell_port}`);
  const header = { msg_id: '1', username: '', session: 's', version: '5.3', date: new Date().toISOString() };
  const parts = [{ ...header, msg_type: 'kernel_info_request' }, {}, {}, {}].map((part) =>
    JSON.stringify(part),
  );
  const hash = createHmac('sha256', connection.key);
  for (const part of parts) hash.update(part);
  await client.send(['<IDS|MSG>', hash.digest('hex'), ...parts]);

  const answered = await Promise.race([client.receive(), complaint, ended]);
  const reply = JSON.parse(String(answered[2])) as { msg_type: string };
  assert.equal(reply.msg_type, 'kernel_info_reply');
});
