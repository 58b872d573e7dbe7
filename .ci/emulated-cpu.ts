import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBundleFolder } from '../lib/adapters/checkpoint-folder';
import { readConfig, SESSION_FIELDS, sessionSettings } from '../lib/adapters/config/config';
import { openGraphSession, openModel } from '../lib/adapters/onnx';
import { compileModel } from '../lib/compiler';
import { parseVitConfig } from '../lib/compiler/architectures/vit/config';
import { importVit } from '../lib/compiler/architectures/vit/import-vit';
import { lowerVit } from '../lib/compiler/architectures/vit/lower-vit';
import { emitModel } from '../lib/compiler/onnx/emit-model';
import { probeImage } from '../lib/compiler/probe-images';
import { LARGEST_VALUE } from '../lib/compiler/quantization/pair-bound';
import { smoothVit } from '../lib/compiler/quantization/smooth-vit';
import { toQuantizedGraph } from '../lib/compiler/quantization/to-quantized-graph';
import { openWeights } from '../lib/compiler/safetensors/open-weights';
import { parseImageProcessor } from '../lib/core/image-processor';
import { type BundleFile, digestInput, type ModelManifest } from '../lib/core/model-manifest';
import {
  encodeSafetensors,
  memorySource,
  type TinyTensor,
  tinyCheckpoint,
  tinyTensors,
} from '../test/support/tiny-vit';

/**
 * Run by emulated-cpu.sh. `compile <folder>` writes a checkpoint's int8 and fp32 bundles, and one with int8 weights whose
 * pairs are not bounded, as compilers before version 3 made them; `run <bundle>` prints logits of a few images (this is
 * what gets emulated), `compare <folder>` reads what the runs printed.
 */
const IMAGES = 6;
const SIDE = 32;

/**
 * Weights of one size, neighbouring inputs with one sign: quantized they are near 127 or -127, and the products of two of
 * them with activations above 129 pass 16 bits.
 */
const makeSaturate = (tensors: ReadonlyMap<string, TinyTensor>): ReadonlyMap<string, TinyTensor> => {
  for (const [name, { shape, values }] of tensors) {
    if (shape.length !== 2 || !name.includes('encoder')) continue;
    const size = 1 / Math.sqrt(shape[1] as number);
    values.forEach((_, index) => {
      values[index] = size * Math.sign(values[index - (index % 2)] as number);
    });
  }
  return tensors;
};

const compile = async (folder: string): Promise<void> => {
  mkdirSync(folder, { recursive: true });
  const checkpoint = tinyCheckpoint();
  checkpoint.set('model.safetensors', encodeSafetensors(makeSaturate(tinyTensors())));
  for (const quantize of ['int8', 'fp32'] as const) {
    const manifest = await compileModel({
      source: memorySource(checkpoint),
      sink: await createBundleFolder(join(folder, quantize)),
      name: 'saturating',
      version: '1',
      quantize,
      openSession: openGraphSession,
    });
    if (quantize === 'int8') await writeUnbounded(checkpoint, manifest, join(folder, 'unbounded'));
  }
};

/** The same bundle with weights of which any two may add up to 254. */
const writeUnbounded = async (
  checkpoint: ReadonlyMap<string, Uint8Array>,
  manifest: ModelManifest,
  folder: string,
): Promise<void> => {
  const sink = await createBundleFolder(folder);
  const read = (name: string): Uint8Array => checkpoint.get(name) as Uint8Array;
  const parse = (name: string) => JSON.parse(Buffer.from(read(name)).toString('utf8'));
  const model = importVit(parseVitConfig(parse('config.json')), await openWeights(memorySource(checkpoint)));
  const processor = parseImageProcessor(parse('preprocessor_config.json'), manifest.imageSize);
  const graph = toQuantizedGraph(lowerVit(smoothVit(model), processor), 2 * LARGEST_VALUE);
  const write = async (path: string, bytes: Uint8Array): Promise<BundleFile> => {
    const writer = await sink.create(path);
    await writer.write(bytes);
    return await writer.close();
  };
  const files = [
    await write('config.json', read('config.json')),
    ...(await emitModel(graph, manifest.graph.file, sink, { name: 'sulcus', version: '2' })),
    await write('preprocessor_config.json', read('preprocessor_config.json')),
  ];
  const digest = `sha256:${createHash('sha256').update(digestInput(files)).digest('hex')}`;
  const quantization = { ...manifest.quantization, largestPair: null };
  await write('manifest.json', Buffer.from(JSON.stringify({ ...manifest, files, digest, quantization })));
  await sink.commit();
};

/** One thread: nothing here is about speed. */
const run = async (bundle: string): Promise<void> => {
  const model = await openModel(bundle, { ...sessionSettings(readConfig(SESSION_FIELDS)), threads: 1 });
  const logits: number[][] = [];
  for (let index = 0; index < IMAGES; index++) {
    const values = await model.run({ pixels: probeImage(index, SIDE, SIDE) }, ['logits']);
    logits.push([...values.logits]);
  }
  await model.dispose();
  console.log(JSON.stringify(logits));
};

interface Difference {
  readonly mean: number;
  readonly largest: number;
}

/** How each run must stand to the fp32 logits: within the manifest's bound, or far off. */
const RUNS: Readonly<Record<string, 'within' | 'saturated'>> = {
  'bounded-auto': 'within',
  'bounded-off': 'within',
  'bounded-on': 'within',
  'unbounded-auto': 'within',
  'unbounded-auto-not-prepacked': 'within',
  'unbounded-off': 'saturated',
};

const compare = (folder: string): void => {
  const read = (name: string): number[] => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')).flat();
  const { parity }: ModelManifest = JSON.parse(readFileSync(join(folder, 'int8/manifest.json'), 'utf8'));
  const differences = (name: string, reference: readonly number[]): Difference => {
    const all = read(name).map((logit, index) => Math.abs(logit - (reference[index] as number)));
    return { mean: all.reduce((a, b) => a + b, 0) / all.length, largest: Math.max(...all) };
  };
  const problems: string[] = [];
  for (const [name, expected] of Object.entries(RUNS)) {
    const { mean, largest } = differences(name, read('native-fp32'));
    console.log(`${name}: mean ${mean.toFixed(4)}, largest ${largest.toFixed(4)} from the fp32 logits`);
    if (expected === 'within' && largest > parity.bound)
      problems.push(`${name} is beyond the bound of ${parity.bound}`);
    if (expected === 'saturated' && mean < 5 * differences('unbounded-auto', read('native-fp32')).mean) {
      problems.push('unbounded weights do not saturate, so that this shows nothing');
    }
  }
  // Bounded weights need no exact products: with and without, the sums are the same integers.
  const { largest } = differences('bounded-off', read('bounded-on'));
  if (largest > 1e-4) problems.push(`bounded weights saturate: the fast products are ${largest} from the exact ones`);
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
};

const main = async ([command, folder = '']: readonly string[]): Promise<void> => {
  if (command === 'compile') await compile(folder);
  else if (command === 'run') await run(folder);
  else compare(folder);
};

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
