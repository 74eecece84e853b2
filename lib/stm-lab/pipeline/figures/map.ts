import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { openNpyRows } from '../../base/npyRows';
import { embeddingFigure, type FigureSpec } from '../../figures';
import { umapPlane } from '../../reduction';
import { openFeatureFolder } from '../featureFolder';
import type { ExperimentStages } from '../experimentStages';

/** What the points of a map are coloured by. */
export const MAP_COLOURS = ['class', 'collection'] as const;
export type MapColour = (typeof MAP_COLOURS)[number];

/** More recordings are thinned evenly before the map is made: its cost grows faster than they do. */
const MOST_POINTS = 2000;

/**
 * All recordings on a plane, by the UMAP of their reduced features (seed 1): each a point in the colour of its class or
 * collection.
 *
 * @throws UserError (`input`) for a colour that is none, or collections that the manifest does not name.
 */
export async function mapFigure(
  lab: ExperimentStages,
  color: MapColour = 'class',
  signal?: AbortSignal,
): Promise<FigureSpec> {
  if (!MAP_COLOURS.includes(color))
    throw inputError(`map: color ${JSON.stringify(color)} must be ${MAP_COLOURS.join(' or ')}`);
  await lab.reduce();
  const { index, matrix: features } = openFeatureFolder(lab.folders.features);
  features.close();
  if (color === 'collection' && index.every(({ collection }) => collection === undefined))
    throw inputError(
      'map: color "collection" needs a manifest that names collections (a column "collection", or --collection at the extraction); use "class"',
    );
  const places = Array.from({ length: Math.min(index.length, MOST_POINTS) }, (_, i) =>
    Math.floor((i * index.length) / Math.min(index.length, MOST_POINTS)),
  );
  const matrix = openNpyRows(path.join(lab.folders.reduction, 'reduced.npy'));
  let plane: Float32Array;
  try {
    plane = await umapPlane(matrix.readRowList(places), matrix.columns, { signal });
  } finally {
    matrix.close();
  }
  const names = index.map(({ label, collection }) =>
    color === 'class' ? label : collection || 'none named',
  );
  return embeddingFigure({
    method: 'UMAP',
    points: places.map((place, i) => ({
      ...{ x: plane[2 * i]!, y: plane[2 * i + 1]! },
      ...{ label: names[place]!, name: index[place]!.path },
    })),
    classes: [...new Set(names)].sort(),
    groupTitle: color === 'class' ? 'Class' : 'Collection',
    of: index.length,
    maxPoints: MOST_POINTS,
    title: `UMAP of the recordings by ${color}`,
    note: lab.note,
  });
}
