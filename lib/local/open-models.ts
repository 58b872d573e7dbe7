import { openModel, type SessionSettings } from '../adapters/onnx';
import type { ClassifierModel, ImageDecoder } from '../core/ports';
import { assertDistinct, type ServedModel } from '../core/served-models';

/** Of the local cloud's options, those that name models. */
export interface OpenModelsOptions extends SessionSettings {
  readonly modelFolder: string;
  readonly besideFolders?: readonly string[];
  readonly model?: ClassifierModel;
  readonly models?: readonly ClassifierModel[];
}

/**
 * The main bundle's model and those beside it, all checked.
 * @throws CONFIG_INVALID for two of the same name and version, MODEL_UNAVAILABLE for a broken bundle
 */
export const openModels = async (options: OpenModelsOptions): Promise<readonly ClassifierModel[]> => {
  const { modelFolder, besideFolders = [], threads, cpus, prepack, exactProducts } = options;
  const open = (folder: string) => openModel(folder, { threads, cpus, prepack, exactProducts, verify: true });
  const main = options.model ?? (await open(modelFolder));
  const opened = [main];
  try {
    for (const folder of besideFolders) opened.push(await open(folder));
    const all = [...opened, ...(options.models ?? [])];
    assertDistinct(all.map(({ manifest }) => manifest));
    return all;
  } catch (error) {
    for (const model of opened) await model.dispose();
    throw error;
  }
};

/** As the API takes it. */
export const serving =
  (decoder: ImageDecoder) =>
  (model: ClassifierModel): ServedModel => ({
    classify: { decoder, model: async () => model },
    manifest: async () => model.manifest,
  });
