import { bundleDigest } from '../core/bundle-files';
import { SulcusError } from '../core/errors';
import { type BundleFile, type ModelManifest, modelManifestSchema } from '../core/model-manifest';
import { INPUT_NAME, outputNames } from './architectures/vit/lower-vit';
import type { VitModel } from './architectures/vit/vit-model';
import { OPSET } from './onnx/model-proto';
import { LARGEST_PAIR } from './quantization/pair-bound';
import { SMOOTHING_ALPHA } from './quantization/smooth-vit';
import type { Weights } from './safetensors/open-weights';

export type Scheme = ModelManifest['quantization']['scheme'];

export interface BundleFacts {
  readonly name: string;
  readonly version: string;
  readonly scheme: Scheme;
  readonly tokens: { readonly skipBackground: number | null; readonly mergeTokens: number | null };
  readonly model: VitModel;
  readonly weights: Weights;
  readonly graphFile: string;
  readonly files: readonly BundleFile[];
  readonly parity: ModelManifest['parity'];
  /** Name of the checkpoint. */
  readonly checkpoint: string;
  readonly compiler: { readonly name: string; readonly version: string };
}

/** @throws CONFIG_INVALID for a name or version that a manifest cannot have */
export const requireNames = ({ name, version }: Pick<BundleFacts, 'name' | 'version'>): void => {
  for (const [key, value] of Object.entries({ name, version })) {
    const parsed = modelManifestSchema.shape[key as 'name' | 'version'].safeParse(value);
    if (!parsed.success) {
      const pattern = key === 'name' ? '[a-z0-9._-]+' : '[A-Za-z0-9._+-]+';
      throw new SulcusError(
        'CONFIG_INVALID',
        `expected ${pattern} for the model's ${key}, received ${JSON.stringify(value)}`,
      );
    }
  }
};

/** The manifest of what was compiled. */
export const describeBundle = async (facts: BundleFacts): Promise<ModelManifest> => {
  const { name, version, scheme, tokens, model, weights, graphFile, files, parity, checkpoint, compiler } = facts;
  const { config } = model;
  return {
    schemaVersion: 1,
    name,
    version,
    digest: await bundleDigest(files),
    labels: [...config.labels],
    activation: config.activation,
    imageSize: config.imageSize,
    architecture: {
      modelType: 'vit',
      hiddenSize: config.hiddenSize,
      layers: config.layers,
      heads: config.heads,
      patchSize: config.patchSize.height,
      parameters: model.parameters,
    },
    graph: {
      file: graphFile,
      opset: OPSET,
      input: { name: INPUT_NAME, type: 'uint8', layout: 'NHWC' },
      outputs: outputNames(model, tokens),
      ...tokens,
    },
    quantization: describeScheme(scheme, model),
    parity,
    calibration: null,
    card: null,
    head: null,
    source: {
      checkpoint,
      dtype: sourceDtype(weights),
      weightsSha256: await weights.sha256(),
      compiler: `${compiler.name} ${compiler.version}`,
    },
    files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
};

const describeScheme = (scheme: Scheme, { classifier, pooler }: VitModel): ModelManifest['quantization'] =>
  scheme === 'fp32'
    ? {
        scheme,
        weights: 'float32',
        activations: 'float32',
        smoothingAlpha: null,
        largestPair: null,
        fp32Parts: ['everything'],
      }
    : {
        scheme,
        weights: 'int8, symmetric, per output channel',
        activations: 'uint8, dynamic, per tensor',
        smoothingAlpha: SMOOTHING_ALPHA,
        largestPair: LARGEST_PAIR,
        fp32Parts: [
          'attention products',
          'keys and values of the last layer',
          'layer normalization',
          'activation function',
          ...(classifier === null ? [] : ['classifier']),
          ...(pooler === null ? [] : ['pooler']),
        ],
      };

const sourceDtype = ({ tensors }: Weights): ModelManifest['source']['dtype'] => {
  const names = { F32: 'fp32', F16: 'fp16', BF16: 'bf16' } as const;
  const found = new Set([...tensors.values()].map(({ dtype }) => dtype).filter((dtype) => dtype in names));
  const [only] = found;
  return found.size === 1 ? names[only as keyof typeof names] : 'mixed';
};
