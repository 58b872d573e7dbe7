import { z } from 'zod';

const share = z.number().min(0).max(1);
const count = z.int().nonnegative();
/** A figure with its 95 % interval. */
const figure = (value: z.ZodNumber) => z.strictObject({ value, low: value.nullable(), high: value.nullable() });

/** What a bundle says of a classifier that was trained on frozen features: on what, how, and how good it is. */
export const trainedHeadSchema = z.strictObject({
  backbone: z
    .strictObject({ name: z.string(), version: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) })
    .meta({ description: 'The bundle whose features it was trained on.' }),
  scans: z.int().positive(),
  subjects: z.int().positive().nullable().meta({ description: 'Null: not known, then each scan was its own.' }),
  perLabel: z.array(z.strictObject({ label: z.string(), scans: count, subjects: count.nullable() })),
  inversePenalty: z.number().positive().meta({
    description: "scikit-learn's C of standardized features: 1 / C is the weight of the L2 penalty.",
  }),
  crossValidation: z
    .strictObject({
      folds: z.int().min(2),
      scans: z.int().positive().meta({ description: 'Scans that the other folds have their label of.' }),
      accuracy: figure(share),
      loss: figure(z.number().nonnegative()),
    })
    .meta({
      description:
        'Of the chosen penalty on scans left out, no subject in two folds; 95 % by bootstrap over subjects. The choice ' +
        'makes it a little too good, and a backbone that was trained on these subjects much too good: it is the ' +
        'classifier that never saw them.',
    }),
  images: z.int().positive().meta({ description: 'Of these scans, run through the graph as written.' }),
  maxLogitDifference: z
    .number()
    .nonnegative()
    .meta({ description: 'Largest difference of their logits from weight · features + bias in double precision.' }),
});
export type TrainedHead = z.infer<typeof trainedHeadSchema>;
