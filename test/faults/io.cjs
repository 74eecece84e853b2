// Preloaded into a process (--require): files named in the JSON file FAULT_IO fail, in every thread, as it says:
// {"a.wav": "open EMFILE", "b.wav": "read EIO", "c.wav": "stat ESTALE", "d.wav": "die"}. It is read at every call.
const fs = require('node:fs');
const path = require('node:path');
const { isMainThread } = require('node:worker_threads');

const real = { ...fs };
const broken = new Map();

function faultOf(file) {
  if (typeof file !== 'string' || !process.env.FAULT_IO) return [];
  const plan = JSON.parse(real.readFileSync(process.env.FAULT_IO, 'utf8'));
  return Object.hasOwn(plan, path.basename(file)) ? plan[path.basename(file)].split(' ') : [];
}

const failure = (code, call, file) =>
  Object.assign(new Error(`${code}: injected, ${call} '${file}'`), { code, syscall: call, path: file });

fs.openSync = (file, ...rest) => {
  const [call, code] = faultOf(file);
  if (call === 'open') throw failure(code, 'open', file);
  // The way of a thread that is killed for its memory.
  if (call === 'die' && !isMainThread) process.exit(7);
  const handle = real.openSync(file, ...rest);
  if (call === 'read') broken.set(handle, code);
  return handle;
};
fs.readSync = (handle, ...rest) => {
  const code = broken.get(handle);
  if (code !== undefined) throw failure(code, 'read', '');
  return real.readSync(handle, ...rest);
};
fs.closeSync = (handle) => {
  broken.delete(handle);
  return real.closeSync(handle);
};
fs.statSync = (file, ...rest) => {
  const [call, code] = faultOf(file);
  if (call === 'stat') throw failure(code, 'stat', file);
  return real.statSync(file, ...rest);
};
