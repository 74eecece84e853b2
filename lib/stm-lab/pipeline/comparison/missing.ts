import { UserError } from 'research-basics/errors';
import { findEmbeddingModel } from '../embeddingModel';
import type { ComparisonChoice, ComparisonRowChoice } from './choice';

/**
 * The comparison without its optional rows whose embedding model cannot be used here, and without those that combine one of
 * them; each is told in one sentence with the fix.
 */
export function withoutMissing(
  comparison: ComparisonChoice,
  warn: ((sentence: string) => void) | undefined,
): ComparisonChoice {
  const missing = new Set<string>();
  const whyLeftOut = ({ combine = [], features, optional }: ComparisonRowChoice): string | undefined => {
    const member = combine.find((one) => missing.has(one));
    if (member !== undefined) return `it combines "${member}"`;
    if (optional !== true || features?.kind !== 'embedding' || features.model === undefined) return undefined;
    return whyUnusable(features.model);
  };
  const rows = comparison.rows.filter((row) => {
    const reason = whyLeftOut(row);
    if (reason === undefined) return true;
    missing.add(row.name);
    warn?.(`comparison row "${row.name}" is left out: ${reason}`);
    return false;
  });
  return { ...comparison, rows };
}

function whyUnusable(model: string): string | undefined {
  try {
    findEmbeddingModel(model);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
