import { SulcusError } from '../../core/errors';
import type { ClassifierModel } from '../../core/ports';
import { openBundle } from './open-bundle';
import { openGraphSession } from './open-session';
import type { SessionSettings } from './session-options';

export interface OpenModelOptions extends SessionSettings {
  /** Check the SHA-256 of every file, not only the sizes. */
  readonly verify?: boolean;
}

/**
 * Opens a model bundle for classifying. The caller keeps it (see openOnce) and disposes of it.
 * @throws MODEL_UNAVAILABLE
 */
export const openModel = async (folder: string, options: OpenModelOptions = {}): Promise<ClassifierModel> => {
  const { verify = false, ...settings } = options;
  const { manifest, imageProcessor, graphPath } = await openBundle(folder, verify);
  const session = await openGraphSession(graphPath, manifest.imageSize, settings);
  return {
    manifest,
    imageProcessor,
    run: async (pixels) => {
      const logits = await session.run(pixels);
      if (logits.length === manifest.labels.length) return logits;
      throw new SulcusError(
        'INFERENCE_FAILED',
        `expected ${manifest.labels.length} logits for the model's labels, received ${logits.length}`,
      );
    },
    dispose: () => session.dispose(),
  };
};
