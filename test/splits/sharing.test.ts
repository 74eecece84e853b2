import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSharing, makeSplit } from 'stm-lab/dist/splits';

/** Speakers who talk and sing: one group in two domains. */
const rows = ['speech: a', 'music: b', 'music: c'].flatMap((label, kind) =>
  Array.from({ length: 40 }, (_, i) => ({
    path: `${kind}-${i}.wav`,
    label,
    group: `person ${(i * (kind + 3)) % 40}`,
  })),
);

test('groups that training, validation and test share are counted, not assumed', () => {
  const apart = makeSplit({ rows, folds: 10, seed: 1 });
  assert.equal(describeSharing(apart), 'no group in two of training, validation and test');
  const published = makeSplit({ rows, folds: 10, seed: 1, flavour: 'published', domains: 'by-prefix' });
  const roles = new Map<string, Set<string>>();
  published.groups.forEach((group, i) =>
    roles.set(group, (roles.get(group) ?? new Set()).add(published.roles[i]!)),
  );
  const shared = [...roles.values()].filter(({ size }) => size > 1).length;
  assert.ok(shared > 0);
  assert.match(
    describeSharing(published),
    new RegExp(`^${shared} of 40 groups in several of training, validation and test \\("person \\d+" in `),
  );
});
