// Preloaded into a process (--require): its clock jumps by up to a day, forward or back, every 50 ms.
const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const RealDate = Date;
let state = Number(process.env.FAULT_CLOCK_SEED ?? 1) + process.pid;
let shift = 0;
let last = performance.now();
function now() {
  if (performance.now() - last > 50) {
    last = performance.now();
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    shift = Math.round((state / 2 ** 32 - 0.5) * 2 * 86_400_000);
  }
  return RealDate.now() + shift;
}
globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }
  static now() {
    return now();
  }
};
if (isMainThread && process.env.FAULT_CLOCK_LOG)
  fs.appendFileSync(process.env.FAULT_CLOCK_LOG, `${process.pid}\n`);
