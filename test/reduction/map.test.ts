import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { writeCsv } from 'stm-lab/dist/base/csv';
import { writeNpy } from 'stm-lab/dist/base/npy';
import { embeddingFigure } from 'stm-lab/dist/figures';
import { buildFigure } from 'stm-lab/dist/pipeline/figures';
import { umapPlane } from 'stm-lab/dist/reduction';
import { randomState } from 'research-basics/random/mt19937';
import { temporaryFolder } from '../pipeline/support';

const [rows, columns] = [60, 8];
const random = randomState(12);
/** Two clusters of thirty rows, one deviation wide and 6 apart in every column. */
const labels = Array.from({ length: rows }, (_, row) => row % 2);
const x = Float32Array.from(
  { length: rows * columns },
  (_, i) => random.normal() + 6 * labels[Math.floor(i / columns)]!,
);

/** Share of the points whose nearest other point has their label. */
function neighboursAlike(plane: Float32Array, own: readonly number[]): number {
  const nearest = (row: number): number => {
    let best = -1;
    let least = Infinity;
    for (let other = 0; other < rows; other++) {
      const apart = Math.hypot(
        plane[2 * row]! - plane[2 * other]!,
        plane[2 * row + 1]! - plane[2 * other + 1]!,
      );
      if (other !== row && apart < least) [best, least] = [other, apart];
    }
    return best;
  };
  return own.filter((label, row) => own[nearest(row)] === label).length / rows;
}

test('two planted clusters come out apart; by shuffled labels they do not', async () => {
  const plane = await umapPlane(x, columns);
  assert.equal(neighboursAlike(plane, labels), 1);
  const order = randomState(4).permutation(rows);
  const shuffled = labels.map((_, row) => labels[order[row]!]!);
  assert.ok(neighboursAlike(plane, shuffled) < 0.75);
  const mean = (label: number, axis: number): number =>
    labels.reduce((sum, own, row) => sum + (own === label ? plane[2 * row + axis]! : 0), 0) / (rows / 2);
  const between = Math.hypot(mean(0, 0) - mean(1, 0), mean(0, 1) - mean(1, 1));
  const widest = Math.max(
    ...labels.map((own, row) =>
      Math.hypot(plane[2 * row]! - mean(own, 0), plane[2 * row + 1]! - mean(own, 1)),
    ),
  );
  assert.ok(between > 2 * widest, `${between} between the means, ${widest} from a mean at most`);
});

test('a plane comes from its seed and options alone; what cannot be laid out is refused', async () => {
  const plane = await umapPlane(x, columns, { seed: 3 });
  assert.deepEqual(await umapPlane(x, columns, { seed: 3 }), plane);
  assert.notDeepEqual(await umapPlane(x, columns, { seed: 4 }), plane);
  assert.notDeepEqual(await umapPlane(x, columns, { seed: 3, neighbours: 5 }), plane);
  assert.notDeepEqual(await umapPlane(x, columns, { seed: 3, leastDistance: 0.8 }), plane);
  assert.equal((await umapPlane(x.subarray(0, 4 * columns), columns)).length, 8);
  await assert.rejects(
    umapPlane(x.subarray(0, 3 * columns), columns),
    /3 rows are too few for a map; give four/,
  );
  await assert.rejects(umapPlane(x, columns, { neighbours: 1 }), /neighbours is 1; it must be/);
  await assert.rejects(umapPlane(x, columns, { leastDistance: -1 }), /leastDistance is -1; it must be/);
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(umapPlane(x, columns, { signal: stop.signal }), /stopped/);
});

test('figure map: coloured by class or by collection, the same bytes; a colour that cannot be is refused', async () => {
  const folder = temporaryFolder('map');
  const write = (collections: boolean): void => {
    writeNpy(path.join(folder, 'features.npy'), { shape: [rows, columns], data: x });
    const index = labels.map((label, i) => ({
      ...{ path: `r${i}.wav`, label: `class ${label}`, group: `g${i}`, excerpts: 1, analysed_s: 4 },
      ...(collections ? { collection: `c${i % 12}` } : {}),
    }));
    writeCsv(path.join(folder, 'index.csv'), Object.keys(index[0]!), index);
    for (const [name, value] of Object.entries({ axes: {}, extraction: { sha256: {} } }))
      fs.writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(value));
  };
  const lab = { folders: { features: folder }, extract: () => Promise.resolve() } as never;
  const drawn = async (color?: 'class' | 'collection'): Promise<string> =>
    JSON.stringify(await buildFigure(lab, 'map', { color }));
  write(true);
  const byClass = await drawn();
  assert.equal(await drawn('class'), byClass);
  assert.match(byClass, /UMAP of the recordings by class.*"domain":\["class 0","class 1"\]/);
  const byCollection = await drawn('collection');
  assert.match(byCollection, /by collection.*"title":"Collection"/);
  // Twelve collections: no two have both colour and shape in common.
  const { color, shape } = (
    JSON.parse(byCollection) as {
      layer?: never;
      encoding: Record<'color' | 'shape', { scale: { domain: string[]; range: string[] } }>;
    }
  ).encoding;
  assert.equal(
    new Set(color.scale.domain.map((_, i) => color.scale.range[i]! + shape.scale.range[i]!)).size,
    12,
  );
  const points = [{ x: 0, y: 0, label: 'a' }];
  assert.match(JSON.stringify(embeddingFigure({ points, method: 'UMAP', of: 9 })), /1 of 9 recordings shown/);
  write(false);
  await assert.rejects(
    drawn('collection'),
    /"collection" needs a manifest that names collections .*use "class"/,
  );
  await assert.rejects(drawn('label' as 'class'), /color "label" must be class or collection/);
});
