import { showLife } from './journal/owners';
import { runStudy, type Objective, type OptimizeOptions, type OptimizeResult } from './runStudy';
import type { Space } from './space';
import type { Study } from './studyTypes';

/**
 * Runs an objective until the study holds `trials` trials. A thrown objective, or one that is not finite,
 * fails its trial with a sentence and the study continues. Other processes may work on the same journal;
 * their trials count.
 *
 * @throws UserError (`interrupted`) when the objective throws one: the trial is put back in line first.
 */
export async function optimize<S extends Space>(
  study: Study<S>,
  objective: Objective<S>,
  options: OptimizeOptions,
): Promise<OptimizeResult> {
  const life = study.journal === undefined ? undefined : showLife(study.journal, study.worker);
  try {
    return await runStudy(study, objective, options);
  } finally {
    life?.stop();
  }
}
