import { SulcusError } from '../../../core/errors';
import type { TensorSource } from '../../safetensors/open-safetensors';
import { FLOAT_DTYPES, isFloatDtype } from '../../safetensors/to-float32';
import type { VitConfig } from './config';
import { interpolatePositions } from './interpolate-positions';
import {
  basePrefixOf,
  CLASSIFIER_NAMES,
  type LayerPart,
  layerPartNames,
  type ModelPart,
  modelPartNames,
} from './tensor-names';
import type { LayerNorm, Linear, VitLayer, VitModel } from './vit-model';

/** A tensor that the model needs, found in the file with the right shape. */
interface Found {
  readonly name: string;
  readonly elements: number;
}

interface FoundLinear {
  readonly outSize: number;
  readonly inSize: number;
  readonly weight: Found;
  readonly bias: Found | null;
}

/**
 * Finds every weight of a ViTForImageClassification or a ViTModel and checks its shape and dtype, before any data is read.
 * @throws CHECKPOINT_INVALID naming the tensor that is missing or wrong; reading later throws it for NaN and Infinity
 */
export const importVit = (config: VitConfig, source: TensorSource): VitModel => {
  const { hiddenSize, intermediateSize, patchSize, grid, positionGrid } = config;
  const found: Found[] = [];
  const find = (candidates: readonly string[], shape: readonly number[]): Found => {
    const tensor = findTensor(source, candidates, shape);
    found.push(tensor);
    return tensor;
  };
  const linear = (names: readonly string[], outSize: number, inSize: number, hasBias = true): FoundLinear => ({
    outSize,
    inSize,
    weight: find(withSuffix(names, '.weight'), [outSize, inSize]),
    bias: hasBias ? find(withSuffix(names, '.bias'), [outSize]) : null,
  });
  const norm = (names: readonly string[]) => ({
    gamma: find(withSuffix(names, '.weight'), [hiddenSize]),
    beta: find(withSuffix(names, '.bias'), [hiddenSize]),
  });
  const prefix = basePrefixOf(source.tensors.keys());
  const part = (name: ModelPart) => modelPartNames(prefix, name);

  const clsToken = find(part('clsToken'), [1, 1, hiddenSize]);
  const positions = find(part('positions'), [1, 1 + positionGrid.height * positionGrid.width, hiddenSize]);
  const projection: FoundLinear = {
    outSize: hiddenSize,
    inSize: 3 * patchSize.height * patchSize.width,
    weight: find(withSuffix(part('projection'), '.weight'), [hiddenSize, 3, patchSize.height, patchSize.width]),
    bias: find(withSuffix(part('projection'), '.bias'), [hiddenSize]),
  };
  const layers = Array.from({ length: config.layers }, (_, index) => {
    const names = (name: LayerPart) => layerPartNames(prefix, name, index);
    return {
      attentionNorm: norm(names('attentionNorm')),
      query: linear(names('query'), hiddenSize, hiddenSize, config.qkvBias),
      key: linear(names('key'), hiddenSize, hiddenSize, config.qkvBias),
      value: linear(names('value'), hiddenSize, hiddenSize, config.qkvBias),
      attentionOutput: linear(names('attentionOutput'), hiddenSize, hiddenSize),
      mlpNorm: norm(names('mlpNorm')),
      mlpIn: linear(names('mlpIn'), intermediateSize, hiddenSize),
      mlpOut: linear(names('mlpOut'), hiddenSize, intermediateSize),
    };
  });
  const finalNorm = norm(part('finalNorm'));
  const isHeadless = config.labels.length === 0;
  const classifier = isHeadless ? null : linear(CLASSIFIER_NAMES, config.labels.length, hiddenSize);
  // A classifier reads the CLS row itself: transformers ignores a pooler beside it.
  const hasPooler = isHeadless && part('pooler').some((name) => source.tensors.has(`${name}.weight`));
  const pooler = hasPooler ? linear(part('pooler'), config.poolerSize, hiddenSize) : null;

  const { read, readLinear, readNorm } = createReaders(source);
  return {
    config,
    parameters: found.reduce((sum, { elements }) => sum + elements, 0),
    embeddings: async () => ({
      clsToken: await read(clsToken),
      positions: interpolatePositions(await read(positions), positionGrid, grid),
      projection: await readLinear(projection),
    }),
    layer: async (index): Promise<VitLayer> => {
      const layer = layers[index];
      if (layer === undefined) throw new RangeError(`expected a layer below ${layers.length}, received ${index}`);
      return {
        attentionNorm: await readNorm(layer.attentionNorm),
        query: await readLinear(layer.query),
        key: await readLinear(layer.key),
        value: await readLinear(layer.value),
        attentionOutput: await readLinear(layer.attentionOutput),
        mlpNorm: await readNorm(layer.mlpNorm),
        mlpIn: await readLinear(layer.mlpIn),
        mlpOut: await readLinear(layer.mlpOut),
      };
    },
    finalNorm: () => readNorm(finalNorm),
    classifier: classifier === null ? null : () => readLinear(classifier),
    pooler: pooler === null ? null : () => readLinear(pooler),
  };
};

const createReaders = (source: TensorSource) => {
  const read = (tensor: Found): Promise<Float32Array> => source.read(tensor.name);
  const readLinear = async ({ outSize, inSize, weight, bias }: FoundLinear): Promise<Linear> => ({
    outSize,
    inSize,
    weight: await read(weight),
    bias: bias === null ? null : await read(bias),
  });
  const readNorm = async ({ gamma, beta }: { gamma: Found; beta: Found }): Promise<LayerNorm> => ({
    gamma: await read(gamma),
    beta: await read(beta),
  });
  return { read, readLinear, readNorm };
};

const withSuffix = (names: readonly string[], suffix: string): string[] => names.map((name) => `${name}${suffix}`);

const findTensor = (source: TensorSource, candidates: readonly string[], shape: readonly number[]): Found => {
  const name = candidates.find((candidate) => source.tensors.has(candidate));
  const info = name === undefined ? undefined : source.tensors.get(name);
  if (name === undefined || info === undefined) {
    throw new SulcusError('CHECKPOINT_INVALID', `expected a tensor named ${candidates.join(' or ')}, received none`);
  }
  if (!isFloatDtype(info.dtype)) {
    throw new SulcusError(
      'CHECKPOINT_INVALID',
      `expected ${FLOAT_DTYPES.join(', ')} for tensor ${name}, received ${info.dtype}`,
    );
  }
  if (info.shape.length !== shape.length || info.shape.some((side, axis) => side !== shape[axis])) {
    throw new SulcusError(
      'CHECKPOINT_INVALID',
      `expected shape [${shape.join(', ')}] for tensor ${name}, received [${info.shape.join(', ')}]`,
    );
  }
  return { name, elements: shape.reduce((product, side) => product * side, 1) };
};
