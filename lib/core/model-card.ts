import { z } from 'zod';

const text = z.string().min(1).max(2000);
const figure = z.number().nullable();

/** A figure with its 95 % interval; null where it is not defined, or where no interval was reported. */
const figureSchema = z.strictObject({ value: figure, low: figure, high: figure });

const classSchema = z.strictObject({
  label: text,
  n: z.int().nonnegative().meta({ description: 'Scans that have the label.' }),
  people: z.int().nonnegative(),
  precision: figure,
  recall: figure,
  f1: figure,
});

/** How a set of scans was chosen: a random part of known people's slices, or people that are in no training set. */
export const protocolSchema = z.enum(['card', 'subject-disjoint']);

export const roleSchema = z.enum(['seed', 'shipped', 'out-of-fold', 'held-out-twin', 'baseline']).meta({
  description:
    'Whose figures: the model card it started from, these weights, models of the same recipe that never saw the scans ' +
    '(by folds, or one twin), another method or recipe.',
});

export const evaluationSchema = z
  .strictObject({
    run: text.meta({ description: 'Name of the run whose record has these figures.' }),
    title: text,
    role: roleSchema,
    protocol: protocolSchema,
    trainedOn: text,
    evaluatedOn: text,
    method: text,
    reportedBy: text.nullable().meta({ description: 'Who reported the figures; null: measured by the run itself.' }),
    n: z.int().positive().nullable().meta({ description: 'Scans; null where it was not reported.' }),
    people: z.int().positive().nullable(),
    perClass: z.array(classSchema),
    figures: z.record(z.string(), figureSchema).meta({
      description:
        'accuracy, loss (cross-entropy of plain logits), macroF1, ece (15 bins), brier, personAuc (any dementia label ' +
        'against none), as far as there are.',
    }),
    interval: text.nullable().meta({ description: 'What the intervals are; null where there are none.' }),
    coverage: z
      .array(z.strictObject({ coverage: z.number().min(0).max(1), accuracy: z.number().min(0).max(1) }))
      .meta({ description: 'Accuracy on the share of scans with the highest scores.' }),
  })
  .meta({ id: 'ModelEvaluation' });
export type Evaluation = z.infer<typeof evaluationSchema>;

const originSchema = z.strictObject({ name: text, license: text });

/** What a model card states, as data: written by people, but for the evaluations, which are those of runs. */
export const cardFactsSchema = z.strictObject({
  license: originSchema,
  base: originSchema,
  data: originSchema.extend({ scans: z.int().positive(), people: z.int().positive() }),
  intendedUse: text,
  limits: z.array(text).min(1),
});
export type CardFacts = z.infer<typeof cardFactsSchema>;

export const modelCardSchema = cardFactsSchema
  .extend({ evaluations: z.array(evaluationSchema) })
  .meta({ id: 'ModelCard', description: 'The facts of the model card (README.md of the bundle).' });
export type ModelCard = z.infer<typeof modelCardSchema>;
