/**
 * Entropies below this share of the largest count as it: the few scans on which a network is that sure say nothing of
 * how sure it should be, and no exponent may make it surer than those.
 */
const LEAST_ENTROPY = 0.05;

/**
 * Divides logits by a power of the entropy that their softmax has, as a share of the largest (log of the number of
 * labels): with an exponent above 0 an unsure scan is flattened more than a sure one. The order of the labels stays.
 * After Balanya et al. 2022 (https://arxiv.org/abs/2208.00461), with a plain power where they take a softplus.
 * @param logits two or more
 */
export const flattenByEntropy = (logits: ArrayLike<number>, exponent: number): number[] => {
  const values = Array.from(logits);
  const max = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = values.reduce((total, logit) => total + Math.exp(logit - max), 0);
  // Of p = exp(x) / sum with x = logit - max: -sum of p log p = log(sum) - sum of p x.
  const entropy = values.reduce((total, logit) => total - (Math.exp(logit - max) / sum) * (logit - max), Math.log(sum));
  const divisor = Math.max(entropy / Math.log(values.length), LEAST_ENTROPY) ** exponent;
  return values.map((logit) => logit / divisor);
};
