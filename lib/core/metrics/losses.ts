/** Scores are clipped here, as a score of exactly 0 for the true label would make every mean infinite. */
const SMALLEST_SCORE = 1e-15;

/** Cross-entropy of the softmax of plain logits with one true label: what the Hugging Face Trainer reports as loss. */
export const softmaxLoss = (logits: readonly number[], truth: number): number => {
  const max = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0)) - (logits[truth] as number);
};

/** Mean over labels of the binary cross-entropy of plain logits: the Trainer's loss of a multi-label checkpoint. */
export const sigmoidLoss = (logits: readonly number[], truth: number): number =>
  logits.reduce((sum, logit, label) => {
    const signed = label === truth ? -logit : logit;
    return sum + Math.max(signed, 0) + Math.log1p(Math.exp(-Math.abs(signed)));
  }, 0) / logits.length;

/** `-log score` of the true label, of scores as they are served. */
export const negativeLogScore = (scores: readonly number[], truth: number): number =>
  -Math.log(Math.max(SMALLEST_SCORE, scores[truth] as number));

/** `Σ (score - truth)²` over the labels: 0 to 2 for scores that add up to 1. */
export const brierScore = (scores: readonly number[], truth: number): number =>
  scores.reduce((sum, score, label) => sum + (score - (label === truth ? 1 : 0)) ** 2, 0);
