import { bundleDigest, copyFile, encodeJson, writeFile } from '../core/bundle-files';
import { CALIBRATION_FILE } from '../core/calibration/calibration-schema';
import type { BundleSink, CheckpointSource, GraphSession, OpenGraphSession } from '../core/compiler-ports';
import { SulcusError } from '../core/errors';
import { type LinearClassifier, linearLogits } from '../core/linear/logistic-regression';
import type { TrainedHead } from '../core/linear/trained-head';
import { type BundleFile, MANIFEST_FILE, type ModelManifest } from '../core/model-manifest';
import { parseVitConfig } from './architectures/vit/config';
import { requireNames } from './describe-bundle';
import { emitModel } from './onnx/emit-model';
import { openGraph } from './onnx/open-graph';
import { LOGITS, replaceClassifier } from './onnx/replace-classifier';
import { type ProbeImages, requireProbeImages } from './probe-images';
import { CONFIG_FILE } from './read-checkpoint';
import { readJson } from './read-json';
import { judgeFeaturesAlone } from './verify';

export interface ReplaceHeadOptions {
  /** The folder of the bundle that gives the backbone. */
  readonly source: CheckpointSource;
  /** Of that bundle, its files checked. */
  readonly manifest: ModelManifest;
  /** Where the new bundle goes; committed at the end, aborted on any failure. */
  readonly sink: BundleSink;
  readonly name: string;
  readonly version: string;
  /** One a row of the classifier, at least two. */
  readonly labels: readonly string[];
  readonly classifier: LinearClassifier;
  readonly facts: Omit<TrainedHead, 'backbone' | 'images' | 'maxLogitDifference'>;
  /** What the new graph is verified on. */
  readonly images: ProbeImages;
  readonly openSession: OpenGraphSession;
}

/**
 * Writes a bundle of another's backbone and a classifier of its own: the graph with these weights on its features, labels
 * in manifest and config, and a digest of its own. Calibration and card are left out, since they are another classifier's.
 * @returns the manifest that was written
 * @throws ARCHITECTURE_UNSUPPORTED for a graph that this compiler did not write, PARITY_EXCEEDED when the graph's logits are
 * not those of the classifier, CONFIG_INVALID (name, version, images), CHECKPOINT_INVALID for unreadable files
 */
export const replaceHead = async (options: ReplaceHeadOptions): Promise<ModelManifest> => {
  const { source, manifest, sink, labels, images, facts } = options;
  try {
    requireNames(options);
    requireProbeImages(images, manifest.imageSize);
    const { file: graphFile } = manifest.graph;
    const files = [
      await writeFile(sink, CONFIG_FILE, encodeJson(await relabel(source, labels))),
      ...(await emitGraph(options)),
    ];
    const dropped: readonly string[] = [CONFIG_FILE, CALIBRATION_FILE, graphFile, `${graphFile}_data`];
    for (const { path } of manifest.files) {
      if (!dropped.includes(path)) files.push(await copyFile(source, sink, path));
    }
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    const { name, version, digest } = manifest;
    const head = { backbone: { name, version, digest }, ...facts, ...(await verify(options)) };
    const written = await describe(options, files, head);
    await writeFile(sink, MANIFEST_FILE, encodeJson(written));
    await sink.commit();
    return written;
  } catch (error) {
    await sink.abort();
    throw error;
  }
};

const emitGraph = async ({ source, manifest, sink, classifier, labels }: ReplaceHeadOptions): Promise<BundleFile[]> => {
  const { file, outputs } = manifest.graph;
  const { graph, producer, close } = await openGraph(source, file);
  try {
    const linear = {
      outSize: labels.length,
      inSize: manifest.architecture.hiddenSize,
      weight: Float32Array.from(classifier.weight),
      bias: Float32Array.from(classifier.bias),
    };
    const names = { features: outputs.features ?? '', logits: outputs.logits };
    return await emitModel(replaceClassifier(graph, names, linear), file, sink, producer);
  } finally {
    await close();
  }
};

/** config.json as transformers has it of a checkpoint with these labels. */
const relabel = async (source: CheckpointSource, labels: readonly string[]): Promise<object> => {
  const { num_labels: _, ...config } = (await readJson(source, CONFIG_FILE)) as Record<string, unknown>;
  const relabelled = {
    ...config,
    architectures: ['ViTForImageClassification'],
    problem_type: 'single_label_classification',
    id2label: Object.fromEntries(labels.map((label, index) => [index, label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
  };
  parseVitConfig(relabelled);
  return relabelled;
};

/** Largest difference of a logit from double precision, of the largest logit or 1: float32 and nothing else. */
const LARGEST_SHARE = 1e-3;

const verify = async (options: ReplaceHeadOptions): Promise<Pick<TrainedHead, 'images' | 'maxLogitDifference'>> => {
  const { sink, manifest, classifier, images, openSession } = options;
  const { file, outputs } = manifest.graph;
  const [features, logits] = [outputs.features ?? '', outputs.logits ?? LOGITS];
  const session = await openSession(sink.locate(file), manifest.imageSize, [features, logits]);
  try {
    let [largest, size] = [0, 1];
    for (const pixels of images.pixels) {
      const { expected, received } = await runBoth(session, pixels, { features, logits }, classifier);
      for (const [label, value] of expected.entries()) {
        largest = Math.max(largest, Math.abs(value - (received[label] as number)));
        size = Math.max(size, Math.abs(value));
      }
    }
    if (largest <= LARGEST_SHARE * size) {
      return { images: images.pixels.length, maxLogitDifference: Number(largest.toPrecision(3)) };
    }
    throw new SulcusError(
      'PARITY_EXCEEDED',
      `expected logits within ${(LARGEST_SHARE * size).toPrecision(3)} of the classifier's on the same features, ` +
        `received ${largest.toPrecision(3)}`,
    );
  } finally {
    await session.dispose();
  }
};

const runBoth = async (
  session: GraphSession,
  pixels: Uint8Array,
  { features, logits }: { readonly features: string; readonly logits: string },
  classifier: LinearClassifier,
) => {
  const values = await session.run({ pixels }, [features, logits]);
  return {
    expected: linearLogits(classifier, values[features] as Float32Array),
    received: values[logits] as Float32Array,
  };
};

const describe = async (
  { manifest, name, version, labels }: ReplaceHeadOptions,
  files: readonly BundleFile[],
  head: TrainedHead,
): Promise<ModelManifest> => {
  const { architecture, graph, quantization } = manifest;
  const classifierSize = (count: number) => count * (architecture.hiddenSize + 1);
  const isFp32 = quantization.scheme === 'fp32' || quantization.fp32Parts.includes('classifier');
  return {
    ...manifest,
    name,
    version,
    digest: await bundleDigest(files),
    labels: [...labels],
    activation: 'softmax',
    architecture: {
      ...architecture,
      parameters: architecture.parameters - classifierSize(manifest.labels.length) + classifierSize(labels.length),
    },
    graph: { ...graph, outputs: { ...graph.outputs, logits: graph.outputs.logits ?? LOGITS } },
    quantization: {
      ...quantization,
      fp32Parts: isFp32 ? quantization.fp32Parts : [...quantization.fp32Parts, 'classifier'],
    },
    parity: judgeFeaturesAlone(manifest.parity),
    calibration: null,
    card: null,
    head,
    files: [...files],
  };
};
