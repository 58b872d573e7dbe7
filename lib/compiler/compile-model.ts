import type { BundleSink, CheckpointSource, OpenGraphSession } from '../core/compiler-ports';
import { SulcusError } from '../core/errors';
import { type ImageProcessorConfig, parseImageProcessor } from '../core/image-processor';
import {
  type BundleFile,
  digestInput,
  MANIFEST_FILE,
  type ModelManifest,
  modelManifestSchema,
} from '../core/model-manifest';
import { sha256Hex } from '../core/scan-ids';
import { parseVitConfig, type VitConfig } from './architectures/vit/config';
import { importVit } from './architectures/vit/import-vit';
import { INPUT_NAME, lowerVit, OUTPUT_NAME } from './architectures/vit/lower-vit';
import type { VitModel } from './architectures/vit/vit-model';
import { emitModel } from './onnx/emit-model';
import { OPSET } from './onnx/model-proto';
import { SMOOTHING_ALPHA, smoothVit } from './quantization/smooth-vit';
import { toFloatGraph } from './quantization/to-float-graph';
import { toQuantizedGraph } from './quantization/to-quantized-graph';
import { parseJson, readSmallFile } from './read-json';
import { openWeights, type Weights } from './safetensors/open-weights';
import { compareGraphs, expectedLogitScale, requireParity } from './verify';

/** Goes up when the same checkpoint gives other bytes. */
const COMPILER = { name: 'sulcus', version: '1' } as const;

const CONFIG_FILE = 'config.json';
const PROCESSOR_FILE = 'preprocessor_config.json';
const GRAPH_FILE = 'onnx/model_quantized.onnx';
/** Lives in the bundle only while it is verified. */
const REFERENCE_FILE = 'reference/model.onnx';

export type CompileStep = 'read' | 'quantize' | 'reference' | 'verify' | 'done';
export const COMPILE_STEPS: readonly CompileStep[] = ['read', 'quantize', 'reference', 'verify', 'done'];

export interface CompileOptions {
  readonly source: CheckpointSource;
  /** Where the bundle goes; committed at the end, aborted on any failure. */
  readonly sink: BundleSink;
  /** `[a-z0-9._-]+` */
  readonly name: string;
  /** `[A-Za-z0-9._+-]+` */
  readonly version: string;
  readonly openSession: OpenGraphSession;
  /** Write the bundle, marked so, even if it is further from the fp32 graph than the bound. */
  readonly force?: boolean;
  /** Told as each step begins. */
  readonly report?: (step: CompileStep) => void;
}

/**
 * Compiles a Hugging Face ViTForImageClassification checkpoint into a model bundle: read, import, lower, quantize, emit,
 * verify. Same checkpoint, same files, same digest, on any machine.
 * @returns the manifest that was written
 * @throws CHECKPOINT_INVALID, ARCHITECTURE_UNSUPPORTED, PARITY_EXCEEDED, CONFIG_INVALID (name or version)
 */
export const compileModel = async (options: CompileOptions): Promise<ModelManifest> => {
  const { source, sink, report = () => {} } = options;
  let weights: Weights | undefined;
  try {
    requireNames(options);
    report('read');
    const configBytes = await readSmallFile(source, CONFIG_FILE);
    const config = parseVitConfig(parseJson(configBytes, CONFIG_FILE));
    const processorBytes = await readSmallFile(source, PROCESSOR_FILE);
    const processor = parseImageProcessor(parseJson(processorBytes, PROCESSOR_FILE));
    requireSameSize(config, processor);
    weights = await openWeights(source);
    const model = importVit(config, weights);
    report('quantize');
    const graph = toQuantizedGraph(lowerVit(smoothVit(model), processor));
    const files = [
      await copyFile(sink, CONFIG_FILE, configBytes),
      ...(await emitModel(graph, GRAPH_FILE, sink, COMPILER)),
      await copyFile(sink, PROCESSOR_FILE, processorBytes),
    ];
    const parity = await verify(model, processor, options, report);
    if (options.force !== true) requireParity(parity);
    const manifest = await describeBundle({ options, model, weights, files, parity });
    await copyFile(sink, MANIFEST_FILE, new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
    await weights.close();
    weights = undefined;
    await sink.commit();
    report('done');
    return manifest;
  } catch (error) {
    await Promise.allSettled([weights?.close(), sink.abort()]);
    throw error;
  }
};

const requireNames = ({ name, version }: CompileOptions): void => {
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

/** transformers would refuse such an image when it runs the model. */
const requireSameSize = ({ imageSize }: VitConfig, { size }: ImageProcessorConfig): void => {
  if (size.height === imageSize.height && size.width === imageSize.width) return;
  throw new SulcusError(
    'CHECKPOINT_INVALID',
    `expected size ${imageSize.height} x ${imageSize.width} in ${PROCESSOR_FILE}, as image_size of ${CONFIG_FILE}, ` +
      `received ${size.height} x ${size.width}`,
  );
};

const copyFile = async (sink: BundleSink, path: string, bytes: Uint8Array): Promise<BundleFile> => {
  const writer = await sink.create(path);
  await writer.write(bytes);
  return writer.close();
};

const verify = async (
  model: VitModel,
  processor: ImageProcessorConfig,
  { sink, openSession }: CompileOptions,
  report: (step: CompileStep) => void,
): Promise<ModelManifest['parity']> => {
  report('reference');
  const scratch = await emitModel(toFloatGraph(lowerVit(model, processor)), REFERENCE_FILE, sink, COMPILER);
  report('verify');
  const { imageSize } = model.config;
  const reference = await openSession(sink.locate(REFERENCE_FILE), imageSize);
  try {
    const candidate = await openSession(sink.locate(GRAPH_FILE), imageSize);
    try {
      return await compareGraphs({ reference, candidate, imageSize, logitScale: await expectedLogitScale(model) });
    } finally {
      await candidate.dispose();
    }
  } finally {
    await reference.dispose();
    for (const { path } of scratch) await sink.discard(path);
  }
};

interface BundleFacts {
  readonly options: CompileOptions;
  readonly model: VitModel;
  readonly weights: Weights;
  readonly files: readonly BundleFile[];
  readonly parity: ModelManifest['parity'];
}

const describeBundle = async ({ options, model, weights, files, parity }: BundleFacts): Promise<ModelManifest> => {
  const { config } = model;
  return {
    schemaVersion: 1,
    name: options.name,
    version: options.version,
    digest: `sha256:${await sha256Hex(digestInput(files))}`,
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
      file: GRAPH_FILE,
      opset: OPSET,
      input: { name: INPUT_NAME, type: 'uint8', layout: 'NHWC' },
      outputs: { logits: OUTPUT_NAME },
    },
    quantization: {
      scheme: 'int8',
      weights: 'int8, symmetric, per output channel',
      activations: 'uint8, dynamic, per tensor',
      smoothingAlpha: SMOOTHING_ALPHA,
      fp32Parts: ['attention products', 'layer normalization', 'activation function', 'classifier'],
    },
    parity,
    source: {
      checkpoint: options.source.name,
      dtype: sourceDtype(weights),
      weightsSha256: await weights.sha256(),
      compiler: `${COMPILER.name} ${COMPILER.version}`,
    },
    files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
};

const sourceDtype = ({ tensors }: Weights): ModelManifest['source']['dtype'] => {
  const names = { F32: 'fp32', F16: 'fp16', BF16: 'bf16' } as const;
  const found = new Set([...tensors.values()].map(({ dtype }) => dtype).filter((dtype) => dtype in names));
  const [only] = found;
  return found.size === 1 ? names[only as keyof typeof names] : 'mixed';
};
