import { type AbstainRule, DEFAULT_RULE } from '../../core/calibration/choose-threshold';

/** The rule that the command line asks for; a score of a half when it asks for none. */
export const chooseRule = (asked: {
  readonly minScore?: number;
  readonly coverage?: number;
  readonly targetAccuracy?: number;
}): AbstainRule => {
  if (asked.coverage !== undefined) return { kind: 'coverage', share: asked.coverage };
  if (asked.targetAccuracy !== undefined) return { kind: 'accuracy', share: asked.targetAccuracy };
  return asked.minScore === undefined ? DEFAULT_RULE : { kind: 'score', score: asked.minScore };
};
