import { activate, type Classification } from './classify-scan';
import type { HuggingFaceParameters } from './contract';

export interface ScoredLabel {
  readonly label: string;
  readonly score: number;
}

/**
 * A classification as Hugging Face's image-classification task answers it, highest score first.
 * Without `top_k` all labels, as its specification has it; with one at most as many as there are.
 * Without `function_to_apply` the scores are the model's own; `none` gives logits, so scores may leave 0..1.
 */
export const scoreLabels = (
  { scores }: Classification,
  { top_k: topK, function_to_apply: activation }: HuggingFaceParameters = {},
): ScoredLabel[] => {
  const logits = scores.map(({ logit }) => logit);
  const applied = activation ? activate(logits, activation) : scores.map(({ score }) => score);
  return scores
    .map(({ label }, index) => ({ label, score: applied[index] ?? Number.NaN }))
    .slice(0, topK ?? scores.length);
};
