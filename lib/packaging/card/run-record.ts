import { z } from 'zod';
import { type Evaluation, evaluationSchema, protocolSchema, roleSchema } from '../../core/model-card';

const { n, people, perClass, figures, interval, coverage } = evaluationSchema.shape;

const share = z.number().min(0).max(1).nullable();
const loss = z.number().nonnegative().nullable();

/** A row of the Trainer's table; the last two where a second set was watched. */
const epochSchema = z.object({
  epoch: z.number().positive(),
  step: z.int().positive().nullable(),
  trainingLoss: loss,
  validationLoss: loss,
  accuracy: share,
  newPeopleLoss: loss.default(null),
  newPeopleAccuracy: share.default(null),
});
export type Epoch = z.infer<typeof epochSchema>;

/** `run.json` as training/ writes it. Members that no card quotes (split, versions, seeds, …) are let through unread. */
export const runRecordSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string().regex(/^[a-z0-9-]+$/, 'expected lower-case letters, digits and hyphens'),
  title: z.string().min(1),
  role: roleSchema,
  protocol: z.union([protocolSchema, z.literal('none')]),
  trainedOn: z.string().min(1),
  evaluatedOn: z.string().min(1),
  method: z.string().min(1),
  reportedBy: z.string().min(1).nullable().default(null),
  set: z.strictObject({ n, people, perClass, figures, interval, coverage }).nullable(),
  seconds: z.number().positive().nullable(),
  machine: z.object({ cpu: z.string(), cpus: z.int().positive(), accelerator: z.string().nullable() }).nullable(),
  epochs: z.array(epochSchema).default([]),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** The order of rows: what the card is compared with, what is shipped, what stands for it, what is simpler. */
const ROLES = roleSchema.options;

const keyOf = ({ title, id }: RunRecord): string => `${title}\n${id}`;

/** What the runs measured, in the order of the card; runs that held nobody out give none. */
export const toEvaluations = (runs: readonly RunRecord[]): Evaluation[] =>
  [...runs]
    .sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || (keyOf(a) < keyOf(b) ? -1 : 1))
    .flatMap(({ id, title, role, protocol, trainedOn, evaluatedOn, method, reportedBy, set }) =>
      set === null || protocol === 'none'
        ? []
        : [{ run: id, title, role, protocol, trainedOn, evaluatedOn, method, reportedBy, ...set }],
    );
