import { inputError } from 'research-basics/errors';

/** What a row is for: fitting, choosing between models, or the final figure. */
export type Role = 'train' | 'validation' | 'test';

/**
 * Roles 8:1:1 as the paper gives them: the last fold is for the test, the one before it for validation,
 * all others for training.
 *
 * @throws UserError (`input`) when there are fewer than 3 folds.
 */
export function assignRoles(fold: Int32Array, folds = 10): Role[] {
  if (folds < 3) throw inputError(`folds is ${folds}: training, validation and test need at least 3`);
  return Array.from(fold, (k) => (k === folds - 1 ? 'test' : k === folds - 2 ? 'validation' : 'train'));
}
