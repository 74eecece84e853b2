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
  const isThere = ({ name, combine = [], features, optional }: ComparisonRowChoice): boolean => {
    const member = combine.find((one) => missing.has(one));
    const reason =
      member === undefined
        ? optional === true && features?.kind === 'embedding' && features.model !== undefined
          ? whyUnusable(features.model)
          : undefined
        : `it combines "${member}"`;
    if (reason === undefined) return true;
    missing.add(name);
    warn?.(`comparison row "${name}" is left out: ${reason}`);
    return false;
  };
  return { ...comparison, rows: comparison.rows.filter(isThere) };
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
