import { bundleFunction } from './bundle-function';
import { assertFitsLambda, inMegabytes, type Part } from './ceilings';
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
}

const line = (name: string, sizeBytes: number, upToDate: boolean): string =>
  `${name.padEnd(28)}${inMegabytes(sizeBytes).padStart(10)}${upToDate ? '  up to date' : '  built'}`;

/**
 * Stages functions, layers and image, in the order in which they need each other.
 * @returns one line per asset: name, size, whether it was built
 * @throws CONFIG_INVALID when something is missing, differs from its manifest, or is too large for Lambda
 */
export const buildAssets = async ({ root, fetch }: BuildOptions): Promise<string[]> => {
  const native = await stageNativeRuntime({ root, fetch });
  const model = await stageModel(root);
  const layers: Part[] = [
    { name: 'native-runtime layer', files: native.files },
    { name: 'model layer', files: model.files },
  ];
  const lines = [
    line('layers/native-runtime', totalBytes(native.files), native.upToDate),
    line('layers/model', totalBytes(model.files), model.upToDate),
  ];
  for (const plan of FUNCTIONS) {
    const bundled = await bundleFunction(root, plan);
    if (plan.native.length > 0) assertFitsLambda({ name: `function ${plan.name}`, files: bundled.files }, layers);
    lines.push(line(`functions/${plan.name}`, totalBytes(bundled.files), bundled.upToDate));
  }
  const image = await stageImage(root);
  lines.push(line('image', totalBytes(image.files), image.upToDate));
  return lines;
};
