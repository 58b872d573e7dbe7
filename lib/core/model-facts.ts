import { z } from 'zod';
import { NOTICE } from './contract';
import { type ModelManifest, modelManifestSchema } from './model-manifest';

const { name, digest, ...facts } = modelManifestSchema.shape;

/** GET /v1/model: the manifest's facts, with what identifies the model on top. */
export const modelFactsSchema = z.object({ name, digest, ...facts, notice: z.string() }).meta({ id: 'ModelFacts' });
export type ModelFacts = z.infer<typeof modelFactsSchema>;

export const toModelFacts = ({ name, digest, ...facts }: ModelManifest): ModelFacts => ({
  name,
  digest,
  ...facts,
  notice: NOTICE,
});
