import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultTable, injectFaults } from './run';
import { judgeCommand, judgeError, newTally, unclearness } from './tally';

test('faults of every kind that needs no server and no mount: nothing lost, nothing twice, each told clearly', async () => {
  const { tallies } = await injectFaults({
    seed: 7,
    size: 'smoke',
    only: ['torn', 'corrupt', 'mutated', 'two', 'dead', 'failing', 'list'],
  });
  assert.equal(tallies.length, 12);
  assert.ok(tallies.every(({ faults }) => faults > 0));
  assert.deepEqual(
    tallies.flatMap(({ kind, notes }) => notes.map((note) => `${kind}: ${note}`)),
    [],
  );
  assert.match(faultTable(tallies), /\| all +\| +\d+ \| +0 \| +0 \| +0 \|$/);
});

test('the suite knows an unclear message when it sees one', () => {
  for (const text of [
    '',
    'TypeError: x is not a function',
    'a: undefined',
    'Error\n    at main (x.js:1:1)',
    '[object Object]',
  ])
    assert.notEqual(unclearness(text), undefined, text);
  assert.equal(unclearness('M.csv: is empty; a header line with path,label,group was expected'), undefined);
  const tally = newTally('x');
  judgeError(tally, new Error('ENOSPC: no space left'), 'disk');
  judgeCommand(tally, { code: 1, err: 'M.csv: is empty' }, 'exit code');
  judgeCommand(tally, { code: 2, err: 'M.csv: is empty' }, 'fine');
  assert.equal(tally.unclear, 2);
});
