import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBundleFolder } from '../../lib/adapters/checkpoint-folder';
import { openGraphSession } from '../../lib/adapters/onnx';
import { parseVitConfig } from '../../lib/compiler/architectures/vit/config';
import { importVit } from '../../lib/compiler/architectures/vit/import-vit';
import { type LoweredGraph, lowerVit } from '../../lib/compiler/architectures/vit/lower-vit';
import type { VitModel } from '../../lib/compiler/architectures/vit/vit-model';
import { emitModel } from '../../lib/compiler/onnx/emit-model';
import type { Graph } from '../../lib/compiler/onnx/graph';
import { openSafetensors } from '../../lib/compiler/safetensors/open-safetensors';
import { parseImageProcessor } from '../../lib/core/image-processor';
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

export const lowerTinyVit = (model: VitModel, processor: Readonly<Record<string, unknown>> = {}): LoweredGraph =>
  lowerVit(model, parseImageProcessor({ ...TINY_PROCESSOR, size: model.config.imageSize, ...processor }));

/** Writes a graph to a folder of its own, runs it on each image and removes it. */
export const runGraph = async (graph: Graph, images: readonly Uint8Array[]): Promise<Float32Array[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'sulcus-graph-'));
  const sink = await createBundleFolder(join(folder, 'graph'));
  try {
    await emitModel(graph, 'model.onnx', sink, { name: 'test', version: '0' });
    const [, height = 0, width = 0] = graph.input.dims;
    const session = await openGraphSession(sink.locate('model.onnx'), { height, width }, { threads: 1 });
    const logits: Float32Array[] = [];
    for (const image of images) logits.push(await session.run(image));
    await session.dispose();
    return logits;
  } finally {
    await sink.abort();
    await rm(folder, { recursive: true, force: true });
  }
};
