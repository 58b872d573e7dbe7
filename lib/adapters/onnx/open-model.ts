import { SulcusError } from '../../core/errors';
import { type ModelManifest, neverSaturates } from '../../core/model-manifest';
import { MODEL_OUTPUTS, type ModelOutput, type OutputValues } from '../../core/model-outputs';
import type { ClassifierModel } from '../../core/ports';
import { openBundle } from './open-bundle';
import { openGraphSession } from './open-session';
import type { SessionSettings } from './session-options';

export interface OpenModelOptions extends SessionSettings {
  /** Check the SHA-256 of every file, not only the sizes. */
  readonly verify?: boolean;
}

/**
 * Opens a model bundle. The caller keeps it (see openOnce) and disposes of it.
 * @throws MODEL_UNAVAILABLE
 */
export const openModel = async (folder: string, options: OpenModelOptions = {}): Promise<ClassifierModel> => {
  const { verify = false, ...settings } = options;
  const { manifest, imageProcessor, graphPath, gate } = await openBundle(folder, verify);
  const names = manifest.graph.outputs;
  const outputs = MODEL_OUTPUTS.flatMap((output) => names[output] ?? []);
  const session = await openGraphSession(graphPath, manifest.imageSize, outputs, {
    ...settings,
    neverSaturates: neverSaturates(manifest),
  });
  return {
    manifest,
    imageProcessor,
    gate,
    run: async <Name extends ModelOutput>(input: Parameters<ClassifierModel['run']>[0], wanted: readonly Name[]) => {
      const graphNames = wanted.map((output) => graphName(manifest, output));
      const values = await session.run(input, graphNames);
      const entries = wanted.map((output, index) => [output, values[graphNames[index] ?? '']]);
      const received = Object.fromEntries(entries) as OutputValues<Name>;
      requireLogitPerLabel(manifest, received);
      return received;
    },
    dispose: () => session.dispose(),
  };
};

const graphName = ({ graph }: ModelManifest, output: ModelOutput): string => {
  const name = graph.outputs[output];
  if (name !== null) return name;
  throw new SulcusError('INFERENCE_FAILED', `expected one of the model's outputs, received ${output}`);
};

const requireLogitPerLabel = ({ labels }: ModelManifest, { logits }: { readonly logits?: Float32Array }): void => {
  if (logits === undefined || logits.length === labels.length) return;
  throw new SulcusError(
    'INFERENCE_FAILED',
    `expected ${labels.length} logits for the model's labels, received ${logits.length}`,
  );
};
