import { encodeJson, writeFile } from '../core/bundle-files';
import type { BundleSink, CheckpointSource, OpenGraphSession } from '../core/compiler-ports';
import type { ImageProcessorConfig } from '../core/image-processor';
import { MANIFEST_FILE, type ModelManifest } from '../core/model-manifest';
import type { ImageSize } from './architectures/vit/config';
import { importVit } from './architectures/vit/import-vit';
import { lowerVit, outputNames, type TokenOptions } from './architectures/vit/lower-vit';
import type { VitModel } from './architectures/vit/vit-model';
import { describeBundle, requireNames, type Scheme } from './describe-bundle';
import { emitModel } from './onnx/emit-model';
import { generateProbeImages, type ProbeImages, requireProbeImages } from './probe-images';
import { smoothVit } from './quantization/smooth-vit';
import { toFloatGraph } from './quantization/to-float-graph';
import { toQuantizedGraph } from './quantization/to-quantized-graph';
import { CONFIG_FILE, PROCESSOR_FILE, readConfigs } from './read-checkpoint';
import { openWeights, type Weights } from './safetensors/open-weights';
import { compareGraphs, compareWithItself, expectedLogitScale, requireParity } from './verify';

/** Goes up when the same checkpoint gives other bytes. */
const COMPILER = { name: 'sulcus', version: '3' } as const;

/** By the Hub's names. */
const GRAPH_FILES: Readonly<Record<Scheme, string>> = { int8: 'onnx/model_quantized.onnx', fp32: 'onnx/model.onnx' };
/** Lives in the bundle only while it is verified. */
const REFERENCE_FILE = 'reference/model.onnx';

/** `reference` is left out where the bundle is the reference itself. */
export type CompileStep = 'read' | 'write' | 'reference' | 'verify' | 'done';
export const COMPILE_STEPS: readonly CompileStep[] = ['read', 'write', 'reference', 'verify', 'done'];

export interface CompileOptions extends TokenOptions {
  readonly source: CheckpointSource;
  /** Where the bundle goes; committed at the end, aborted on any failure. */
  readonly sink: BundleSink;
  /** `[a-z0-9._-]+` */
  readonly name: string;
  /** `[A-Za-z0-9._+-]+` */
  readonly version: string;
  readonly openSession: OpenGraphSession;
  /** @default int8 */
  readonly quantize?: Scheme;
  /** Size of the model's input, to which position embeddings are interpolated. @default the checkpoint's own */
  readonly imageSize?: ImageSize;
  /**
   * Images to verify on, as the processor makes them of image files: at most 16, each u8 [1, height, width, 3].
   * @default generated ones
   */
  readonly images?: (processor: ImageProcessorConfig) => Promise<ProbeImages>;
  /** Write the bundle, marked so, even if it is further from the fp32 graph than the bound. */
  readonly force?: boolean;
  /** Told as each step begins. */
  readonly report?: (step: CompileStep) => void;
}

/**
 * Compiles a Hugging Face ViTForImageClassification or ViTModel checkpoint into a model bundle: read, import, lower,
 * quantize, emit, verify. Same checkpoint and options, same files, same digest, on any machine.
 * @returns the manifest that was written
 * @throws CHECKPOINT_INVALID, ARCHITECTURE_UNSUPPORTED, PARITY_EXCEEDED, CONFIG_INVALID (name, version, image size, images)
 */
export const compileModel = async (options: CompileOptions): Promise<ModelManifest> => {
  const { source, sink, name, version, quantize: scheme = 'int8', report = () => {} } = options;
  const { skipBackground = null, mergeTokens = null } = options;
  const tokens = { skipBackground, mergeTokens };
  let weights: Weights | undefined;
  try {
    requireNames(options);
    report('read');
    const { config, processor, configBytes, processorBytes } = await readConfigs(source, options.imageSize);
    const images = (await options.images?.(processor)) ?? generateProbeImages(config.imageSize);
    requireProbeImages(images, config.imageSize);
    weights = await openWeights(source);
    const model = importVit(config, weights);
    report('write');
    const graphFile = GRAPH_FILES[scheme];
    const graph =
      scheme === 'fp32'
        ? toFloatGraph(lowerVit(model, processor, tokens))
        : toQuantizedGraph(lowerVit(smoothVit(model), processor, tokens));
    const files = [
      await writeFile(sink, CONFIG_FILE, configBytes),
      ...(await emitModel(graph, graphFile, sink, COMPILER)),
      await writeFile(sink, PROCESSOR_FILE, processorBytes),
    ];
    const parity = await verify({ ...options, tokens, report, scheme, model, processor, images });
    if (options.force !== true) requireParity(parity);
    const facts = { name, version, scheme, tokens, model, weights, graphFile, files, parity };
    const manifest = await describeBundle({ ...facts, checkpoint: source.name, compiler: COMPILER });
    await writeFile(sink, MANIFEST_FILE, encodeJson(manifest));
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

interface Verification extends Pick<CompileOptions, 'sink' | 'openSession'> {
  readonly tokens: TokenOptions;
  readonly report: (step: CompileStep) => void;
  readonly scheme: Scheme;
  readonly model: VitModel;
  readonly processor: ImageProcessorConfig;
  readonly images: ProbeImages;
}

const verify = async (verification: Verification): Promise<ModelManifest['parity']> => {
  const { sink, openSession, report, scheme, tokens, model, processor, images } = verification;
  const names = outputNames(model, tokens);
  const outputs = Object.values(names).filter((name) => name !== null);
  const open = (path: string) =>
    openSession(sink.locate(path), model.config.imageSize, outputs, { neverSaturates: true });
  const basis = {
    images,
    logitScale: await expectedLogitScale(model),
    featureOffset: (await model.finalNorm()).beta,
  };
  const isReference = scheme === 'fp32' && Object.values(tokens).every((option) => option === null);
  if (!isReference) report('reference');
  const scratch = isReference
    ? []
    : await emitModel(toFloatGraph(lowerVit(model, processor)), REFERENCE_FILE, sink, COMPILER);
  report('verify');
  const candidate = await open(GRAPH_FILES[scheme]);
  try {
    if (isReference) return await compareWithItself(candidate, basis);
    const reference = await open(REFERENCE_FILE);
    try {
      return await compareGraphs({ reference, candidate, ...basis });
    } finally {
      await reference.dispose();
    }
  } finally {
    await candidate.dispose();
    for (const { path } of scratch) await sink.discard(path);
  }
};
