import { versions } from 'node:process';
import { SetupError } from '../command.mjs';

const oldest = [20, 19];

/** Node new enough to load ES modules with `require`, which notebooks and two dependencies need. */
export const nodeStep = {
  name: 'node',
  title: 'Node.js',
  required: true,
  blocks: true,
  check() {
    const [major, minor] = versions.node.split('.').map(Number);
    if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return true;
    throw new SetupError(
      `Node.js ${versions.node} is too old`,
      `install Node.js ${oldest.join('.')} or newer (20 and 22 are tested)`,
    );
  },
};
