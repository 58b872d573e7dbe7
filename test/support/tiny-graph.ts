import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBundleFolder } from '../../lib/adapters/checkpoint-folder';
import { openGraphSession } from '../../lib/adapters/onnx';
import { parseVitConfig } from '../../lib/compiler/architectures/vit/config';
import { importVit } from '../../lib/compiler/architectures/vit/import-vit';
import { type LoweredGraph, lowerVit, type TokenOptions } from '../../lib/compiler/architectures/vit/lower-vit';
import type { VitModel } from '../../lib/compiler/architectures/vit/vit-model';
import { emitModel } from '../../lib/compiler/onnx/emit-model';
import type { Graph } from '../../lib/compiler/onnx/graph';
import { openSafetensors } from '../../lib/compiler/safetensors/open-safetensors';
import { parseImageProcessor } from '../../lib/core/image-processor';
import type { OutputValues } from '../../lib/core/model-outputs';
import {
  encodeSafetensors,
  memorySource,
  TINY_PROCESSOR,
  type TinyVitOptions,
  tinyConfig,
  tinyTensors,
} from './tiny-vit';

/** The tiny checkpoint as the passes see it after import. */
export const importTinyVit = async (options: TinyVitOptions = {}): Promise<VitModel> => {
  const bytes = encodeSafetensors(tinyTensors(options), options.dtype);
  const file = await memorySource(new Map([['w', bytes]])).open('w');
  return importVit(parseVitConfig(tinyConfig(options)), await openSafetensors(file));
};

export const lowerTinyVit = (
  model: VitModel,
  processor: Readonly<Record<string, unknown>> = {},
  tokens: TokenOptions = {},
): LoweredGraph =>
  lowerVit(model, parseImageProcessor({ ...TINY_PROCESSOR, size: model.config.imageSize, ...processor }), tokens);

/** Writes a graph to a folder of its own, runs it on each image and removes it. @returns its logits per image */
export const runGraph = async (graph: Graph, images: readonly Uint8Array[]): Promise<Float32Array[]> =>
  (await runGraphFor(graph, images, ['logits'])).map(({ logits }) => logits);

/** The same for any of its outputs. */
export const runGraphFor = async <Name extends string>(
  graph: Graph,
  images: readonly Uint8Array[],
  wanted: readonly Name[],
): Promise<OutputValues<Name>[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'sulcus-graph-'));
  const sink = await createBundleFolder(join(folder, 'graph'));
  try {
    await emitModel(graph, 'model.onnx', sink, { name: 'test', version: '0' });
    const [, height = 0, width = 0] = graph.inputs[0]!.dims;
    const session = await openGraphSession(sink.locate('model.onnx'), { height, width }, wanted, { threads: 1 });
    const values: OutputValues<Name>[] = [];
    for (const pixels of images) values.push(await session.run({ pixels }, wanted));
    await session.dispose();
    return values;
  } finally {
    await sink.abort();
    await rm(folder, { recursive: true, force: true });
  }
};
