import { readFile, writeFile } from 'node:fs/promises';
import { createImageDecoder } from '../../lib/adapters/image';
import { openModel } from '../../lib/adapters/onnx';
import { imageToPixels, inputSize } from '../../lib/core/image-processor';
import { MODEL_OUTPUTS } from '../../lib/core/model-outputs';

/**
 * What a bundle makes of image files, for full_size.py: `tsx run-bundle.ts <bundle> <answer.json> <image>...` writes for
 * each image its pixels (base64 of u8 [height, width, 3]) and every output that the model has.
 */
const main = async ([bundle = '', answer = '', ...files]: readonly string[]): Promise<void> => {
  const decoder = createImageDecoder();
  const model = await openModel(bundle, { verify: true });
  const wanted = MODEL_OUTPUTS.filter((name) => model.manifest.graph.outputs[name] !== null);
  const answers: object[] = [];
  for (const file of files) {
    const image = await decoder.decode(await readFile(file));
    const pixels = imageToPixels(image, model.imageProcessor);
    image.dispose();
    const values = await model.run({ pixels }, wanted);
    const outputs = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [...value]]));
    answers.push({ ...inputSize(model.imageProcessor), pixels: Buffer.from(pixels).toString('base64'), outputs });
  }
  await model.dispose();
  await writeFile(answer, JSON.stringify(answers));
};

void main(process.argv.slice(2));
