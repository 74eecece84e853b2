// Preloaded into a process (--require): its file system has no hard links, as exFAT and some network shares.
const fs = require('node:fs');

fs.linkSync = (from, to) => {
  throw Object.assign(new Error(`EPERM: operation not permitted, link '${from}' -> '${to}'`), {
    code: 'EPERM',
    syscall: 'link',
  });
};
