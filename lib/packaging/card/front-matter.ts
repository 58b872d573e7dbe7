import { stringify } from 'yaml';
import type { Evaluation, ModelCard } from '../../core/model-card';
import type { ModelManifest } from '../../core/model-manifest';

/** The Hub's names for what it knows of our figures (https://huggingface.co/docs/hub/model-cards). */
const METRICS: Readonly<Record<string, { type: string; name: string }>> = {
  accuracy: { type: 'accuracy', name: 'Accuracy' },
  loss: { type: 'loss', name: 'Loss' },
  macroF1: { type: 'f1', name: 'Macro F1' },
  personAuc: { type: 'roc_auc', name: 'AUC of people, any dementia label against none' },
  ece: { type: 'expected_calibration_error', name: 'ECE' },
};

/** Metadata as the Hub reads it from a card. `model-index` has the model's own figures, not those it is compared with. */
export const frontMatter = (manifest: ModelManifest, card: ModelCard): string => {
  const own = card.evaluations.filter(({ role }) => role !== 'seed' && role !== 'baseline');
  const document = {
    license: 'other',
    license_name: card.license.name,
    license_link: 'README.md',
    library_name: 'onnx',
    pipeline_tag: 'image-classification',
    tags: ['vit', 'onnx', manifest.quantization.scheme, 'mri', 'research-use-only'],
    base_model: card.base.name,
    metrics: ['accuracy', 'f1', 'roc_auc'],
    'model-index': [{ name: manifest.name, results: own.map((evaluation) => toResult(evaluation, card)) }],
  };
  return stringify(document, { lineWidth: 0 }).trimEnd();
};

const toResult = (evaluation: Evaluation, { data }: ModelCard) => ({
  task: { type: 'image-classification' },
  dataset: { type: 'image-folder', name: data.name, split: evaluation.evaluatedOn },
  metrics: Object.entries(METRICS).flatMap(([figure, { type, name }]) => {
    // Of people it was trained on, an AUC by person says nothing.
    const asked = figure !== 'personAuc' || evaluation.protocol === 'subject-disjoint';
    const value = asked ? (evaluation.figures[figure]?.value ?? null) : null;
    return value === null ? [] : [{ type, name: `${name} (${evaluation.title})`, value: Number(value.toFixed(4)) }];
  }),
});
