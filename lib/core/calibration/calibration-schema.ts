import { z } from 'zod';

/** File of a calibrated bundle: what the manifest says of its calibration, and the input gate's statistics. */
export const CALIBRATION_FILE = 'calibration.json';

const share = z.number().min(0).max(1);
const interval = z.tuple([z.number(), z.number()]);
const finite = z.number().min(-1e6).max(1e6);

/** What was fitted, on what, and how good it is on people that were left out. */
export const calibrationSchema = z.strictObject({
  temperature: z
    .number()
    .min(1e-3)
    .max(1e3)
    .meta({ description: 'Logits are divided by it before softmax (or sigmoid) makes scores of them.' }),
  bias: z
    .array(finite)
    .nullable()
    .meta({ description: 'Added to each divided logit, in label order; null where it did not pay.' }),
  threshold: z.strictObject({
    score: share.meta({ description: 'A scan whose score is lower abstains; of a sigmoid, max(score, 1 - score).' }),
    margin: share.meta({ description: 'So does one whose two highest scores are closer; softmax only.' }),
    rule: z.string().max(200).meta({ description: 'How the thresholds were chosen.' }),
  }),
  fit: z.strictObject({
    source: z.string().max(500).meta({ description: 'Whose logits: people that the network was not trained on.' }),
    scans: z.int().positive(),
    subjects: z.int().positive().nullable().meta({ description: 'Null: not known, then each scan was its own.' }),
    perLabel: z.record(z.string(), z.int().nonnegative()),
    folds: z.int().min(2).meta({ description: 'No subject is in two. The figures below are of scans left out.' }),
    accuracy: share,
    lossBefore: z.number().meta({ description: 'Mean cross-entropy of plain logits.' }),
    loss: z.number().meta({ description: 'The same of logits over the temperature.' }),
    lossWithBias: z.number().nullable().meta({ description: 'With a bias too; null where none was tried.' }),
    eceBefore: share.meta({ description: 'Expected calibration error of the top score, 15 bins, plain.' }),
    ece: share,
    eceInterval: interval.nullable().meta({ description: '95 %, bootstrap by subject.' }),
    coverage: share.meta({ description: 'Scans that do not abstain for low confidence.' }),
    coveredAccuracy: share.nullable().meta({ description: 'Accuracy on those; null when there are none.' }),
  }),
  gate: z
    .strictObject({
      scans: z.int().positive().meta({ description: 'Slices whose statistics it has.' }),
      featureLimit: z.number().positive().meta({ description: 'Largest distance in feature space that passes.' }),
      pixelLimit: z.number().positive().meta({ description: 'Largest distance of the 16 x 16 thumbnail that passes.' }),
      falseRejects: share.meta({ description: 'Share of slices refused by statistics of the other folds.' }),
    })
    .nullable()
    .meta({ description: 'Null: whatever comes is classified.' }),
});
export type Calibration = z.infer<typeof calibrationSchema>;

/** 2,048 channels of features and 64 axes, in base64 with some room. */
const LONGEST_BASE64 = 800_000;
const float32s = z.string().max(LONGEST_BASE64);

const spaceSchema = z.strictObject({
  size: z.int().min(1).max(4096),
  axes: z.int().min(1).max(64),
  mean: float32s,
  directions: float32s,
  variances: float32s,
  restVariance: z.number().positive(),
});
export type EncodedSpace = z.infer<typeof spaceSchema>;

export const calibrationFileSchema = z.strictObject({
  schemaVersion: z.literal(1),
  calibration: calibrationSchema,
  statistics: z.strictObject({ features: spaceSchema, pixels: spaceSchema }).nullable(),
});
export type CalibrationFile = z.infer<typeof calibrationFileSchema>;
