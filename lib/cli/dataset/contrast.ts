import { SulcusError } from '../../core/errors';
import type { Contrast } from '../../core/metrics/evaluation';

/** The label without dementia among the four of the Alzheimer MRI data set; the others are degrees of it. */
const NEGATIVE_OF_FOUR = 'Non_Demented';
const FOUR_LABELS: readonly string[] = ['Mild_Demented', 'Moderate_Demented', NEGATIVE_OF_FOUR, 'Very_Mild_Demented'];

export interface ContrastOptions {
  readonly positive?: readonly string[];
  readonly negative?: readonly string[];
}

/**
 * The two sets of labels to tell apart; of the one that is not given all other labels. Without either, any dementia against
 * none where the model has these four labels, else no contrast.
 * @throws INVALID_REQUEST for a label that the model has not, or that is in both sets
 */
export const chooseContrast = (labels: readonly string[], { positive, negative }: ContrastOptions): Contrast | null => {
  if (positive === undefined && negative === undefined) {
    const areTheFour = labels.length === FOUR_LABELS.length && FOUR_LABELS.every((label) => labels.includes(label));
    return areTheFour ? { positive: without(labels, [NEGATIVE_OF_FOUR]), negative: [NEGATIVE_OF_FOUR] } : null;
  }
  const contrast = {
    positive: positive ?? without(labels, negative ?? []),
    negative: negative ?? without(labels, positive ?? []),
  };
  for (const label of [...contrast.positive, ...contrast.negative]) {
    if (labels.includes(label)) continue;
    throw new SulcusError('INVALID_REQUEST', `expected one of ${labels.join(', ')} to contrast, received ${label}`);
  }
  const both = contrast.positive.find((label) => contrast.negative.includes(label));
  if (both !== undefined || contrast.positive.length === 0 || contrast.negative.length === 0) {
    throw new SulcusError(
      'INVALID_REQUEST',
      `expected two sets of labels to contrast, received ${both ?? 'none'} in both`,
    );
  }
  return contrast;
};

const without = (labels: readonly string[], taken: readonly string[]): string[] =>
  labels.filter((label) => !taken.includes(label));
