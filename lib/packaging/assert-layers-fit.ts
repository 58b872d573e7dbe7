import { assertFitsLambda } from './ceilings';
import { listFiles } from './file-tree';
import { type Dist, FUNCTIONS } from './layout';

/**
 * Whether what is staged can be deployed with `packaging=layers`: every function that classifies, with both layers,
 * within what Lambda unzips.
 * @throws CONFIG_INVALID with the size of each part
 */
export const assertLayersFit = async (dist: Dist): Promise<void> => {
  const layers = [
    { name: 'native-runtime layer', files: await listFiles(dist.nativeRuntimeLayer) },
    { name: 'model layer', files: await listFiles(dist.modelLayer) },
  ];
  for (const { name, native } of FUNCTIONS) {
    if (native.length === 0) continue;
    assertFitsLambda({ name: `function ${name}`, files: await listFiles(dist.functions(name)) }, layers);
  }
};
