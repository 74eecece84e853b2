// Every npm command of the workbench starts here, in whatever Node.js and environment the user has.
//   node setup/run.mjs JOB [arguments]
import process from 'process';
import { nodeFault } from './nodeVersion.mjs';

const fault = nodeFault(process.versions.node);
if (fault !== undefined) {
  process.stderr.write(fault + '\n');
  process.exitCode = 3;
} else {
  import('./environment.mjs')
    .then(({ cleanEnvironment }) => cleanEnvironment(process.env))
    // Only then: these read the environment as they load.
    .then(() => import('./jobs.mjs'));
}
