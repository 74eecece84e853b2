import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { writeAxes } from 'stm-lab/dist/features/extractor/axesFile';
import { temporaryFolder } from '../pipeline/support';

test('axes have the same bytes in any last digit; a file with the same axes stays as it is', () => {
  const file = path.join(temporaryFolder('axes'), 'axes.json');
  const read = (): string => fs.readFileSync(file, 'utf8');
  writeAxes(file, { kind: 'a', hz: [279.25796821737845, 0.5] });
  const first = read();
  assert.deepEqual(JSON.parse(first), { kind: 'a', hz: [279.257968217, 0.5] });
  // Another version of Node.js.
  writeAxes(file, { kind: 'a', hz: [279.2579682173784, 0.5] });
  assert.equal(read(), first);
  // Written before numbers were shortened.
  const long = JSON.stringify({ kind: 'a', hz: [279.25796821737845, 0.5] });
  fs.writeFileSync(file, long);
  writeAxes(file, { kind: 'a', hz: [279.2579682173784, 0.5] });
  assert.equal(read(), long);
  for (const other of ['not JSON', JSON.stringify({ kind: 'a', hz: [279.2, 0.5] })]) {
    fs.writeFileSync(file, other);
    writeAxes(file, { kind: 'a', hz: [279.2579682173784, 0.5] });
    assert.equal(read(), first);
  }
});
