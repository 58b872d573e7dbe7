import { bundleFunction } from './bundle-function';
import { fitsLambda, inMegabytes, LAMBDA_UNZIPPED_BYTES } from './ceilings';
import { totalBytes } from './file-tree';
import { FUNCTIONS } from './layout';
import { stageImage } from './stage-image';
import { stageModel } from './stage-model';
import { stageNativeRuntime } from './stage-native-runtime';

export interface BuildOptions {
  /** The checkout. */
  readonly root: string;
  /** Whether npm may be asked for linux x64 modules where this machine has others. */
  readonly fetch: boolean;
  /** Folder of the model bundle, relative to the checkout or absolute. @default layers/model */
  readonly modelBundle?: string;
  /** Folders of bundles served beside it. @default none */
  readonly modelBundles?: readonly string[];
}

const line = (name: string, sizeBytes: number, upToDate: boolean): string =>
  `${name.padEnd(28)}${inMegabytes(sizeBytes).padStart(10)}${upToDate ? '  up to date' : '  built'}`;

/**
 * Stages functions, layers and image, in the order in which they need each other.
 * @returns one line per asset: name, size, whether it was built; a last one when only an image can carry the model
 * @throws CONFIG_INVALID when something is missing or differs from its manifest
 */
export const buildAssets = async ({ root, fetch, modelBundle, modelBundles }: BuildOptions): Promise<string[]> => {
  const native = await stageNativeRuntime({ root, fetch });
  const model = await stageModel(root, modelBundle, modelBundles);
  const layers = [native, model];
  const lines = [
    line('layers/native-runtime', totalBytes(native.files), native.upToDate),
    line('layers/model', totalBytes(model.files), model.upToDate),
  ];
  let tooLarge = false;
  for (const plan of FUNCTIONS) {
    const bundled = await bundleFunction(root, plan);
    if (plan.native.length > 0 && !fitsLambda([bundled, ...layers])) tooLarge = true;
    lines.push(line(`functions/${plan.name}`, totalBytes(bundled.files), bundled.upToDate));
  }
  const image = await stageImage(root);
  lines.push(line('image', totalBytes(image.files), image.upToDate));
  if (tooLarge) {
    lines.push(
      `over the ${inMegabytes(LAMBDA_UNZIPPED_BYTES)} of a function with layers: deploy with -c packaging=image`,
    );
  }
  return lines;
};
