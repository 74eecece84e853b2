import { inputError } from 'research-basics/errors';
import { embeddingFigure, type FigureSpec } from '../../figures';
import { featuresInMemory, fitReduction, transform, umapPlane } from '../../reduction';
import { openFeatureFolder } from '../featureFolder';
import type { ExperimentStages } from '../experimentStages';

/** What the points of a map are coloured by. */
export const MAP_COLOURS = ['class', 'collection'] as const;
export type MapColour = (typeof MAP_COLOURS)[number];

/** More recordings are thinned evenly before the map is made: its cost grows faster than they do. */
const MOST_POINTS = 2000;

/** Principal components of the recordings that UMAP measures distances between. */
const COMPONENTS = 50;

/**
 * All recordings on a plane, by the UMAP (seed 1) of the first 50 principal components of their standardised features: each a
 * point in the colour of its class or collection. No split is needed: nothing is scored.
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
  await lab.extract();
  const { index, matrix } = openFeatureFolder(lab.folders.features);
  const places = Array.from({ length: Math.min(index.length, MOST_POINTS) }, (_, i) =>
    Math.floor((i * index.length) / Math.min(index.length, MOST_POINTS)),
  );
  const features = featuresInMemory(matrix.readRowList(places), matrix.columns);
  matrix.close();
  if (color === 'collection' && index.every(({ collection }) => collection === undefined))
    throw inputError(
      'map: color "collection" needs a manifest that names collections (a column "collection", or --collection at the extraction); use "class"',
    );
  const reduction = await fitReduction({
    features,
    method: 'exact',
    components: Math.min(COMPONENTS, features.rows, features.columns),
  });
  const plane = await umapPlane(await transform(reduction, { features }), reduction.width, { signal });
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
