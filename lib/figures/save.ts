import { writeFileAtomic, writeJson } from '../base/files';
import { renderSvg } from './render';
import type { FigureSpec } from './spec';

/**
 * Writes a figure as `<base>.svg` and, to draw or change it elsewhere, `<base>.vl.json`.
 *
 * @returns the paths written.
 * @throws StmLabError (`input`) when the specification is not valid or a file cannot be written.
 */
export async function saveFigure(spec: FigureSpec, basePath: string): Promise<string[]> {
  const svg = await renderSvg(spec);
  writeFileAtomic(`${basePath}.svg`, svg);
  writeJson(`${basePath}.vl.json`, spec);
  return [`${basePath}.svg`, `${basePath}.vl.json`];
}
