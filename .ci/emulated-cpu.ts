import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBundleFolder } from '../lib/adapters/checkpoint-folder';
import { readConfig, SESSION_FIELDS, sessionSettings } from '../lib/adapters/config/config';
import { openGraphSession, openModel } from '../lib/adapters/onnx';
import { compileModel } from '../lib/compiler';
import { probeImage } from '../lib/compiler/probe-images';
import type { ModelManifest } from '../lib/core/model-manifest';
import {
  encodeSafetensors,
  memorySource,
  type TinyTensor,
  tinyCheckpoint,
  tinyTensors,
} from '../test/support/tiny-vit';

/**
 * Run by emulated-cpu.sh. `compile <folder>` writes a checkpoint's int8 and fp32 bundles, `run <bundle>` prints logits of
 * a few images (this is what gets emulated), `compare <folder>` reads what the runs printed.
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
    await compileModel({
      source: memorySource(checkpoint),
      sink: await createBundleFolder(join(folder, quantize)),
      name: 'saturating',
      version: '1',
      quantize,
      openSession: openGraphSession,
    });
  }
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

const compare = (folder: string): void => {
  const read = (name: string): number[] => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')).flat();
  const manifest: ModelManifest = JSON.parse(readFileSync(join(folder, 'int8/manifest.json'), 'utf8'));
  const reference = read('native-fp32');
  const differences = (name: string): Difference => {
    const all = read(name).map((logit, index) => Math.abs(logit - (reference[index] as number)));
    return { mean: all.reduce((a, b) => a + b, 0) / all.length, largest: Math.max(...all) };
  };
  const runs = new Map(['auto', 'auto-not-prepacked', 'on', 'off'].map((name) => [name, differences(name)]));
  const { bound } = manifest.parity;
  const problems: string[] = [];
  for (const [name, { mean, largest }] of runs) {
    console.log(`${name}: mean ${mean.toFixed(4)}, largest ${largest.toFixed(4)} from the fp32 logits`);
    if (name !== 'off' && largest > bound) problems.push(`${name} is beyond the manifest's bound of ${bound}`);
  }
  const [auto, off] = [differences('auto'), differences('off')];
  if (off.mean < 5 * auto.mean) problems.push('off does not saturate, or auto does: this shows nothing');
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
