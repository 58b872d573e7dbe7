// What every worker does: answer "run one" over a pipe. One JSON object a line; see bench/README.md.
import { createInterface } from 'node:readline';

/**
 * The first answer comes unasked, after the first image: spawning until then is the cold start.
 * @param settings what argv[2] says: model, processor, image, threads and more
 * @param engine { versions, image(path) -> logits or scores, logits(path) -> logits, session(path) -> logits }
 */
export const serve = async (settings, engine) => {
  await engine.image(settings.image);
  const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  send({ ready: true, versions: engine.versions });
  for await (const line of createInterface({ input: process.stdin })) {
    const { op, path, times } = JSON.parse(line);
    const ms = [];
    let logits;
    if (op === 'session') await engine.prepare(path);
    for (let index = 0; index < times; index += 1) {
      const start = performance.now();
      logits = await engine[op](path);
      ms.push(performance.now() - start);
    }
    send({ ms, logits: Array.from(logits) });
  }
  process.exit(0);
};

/** u8 [height, width, 3] -> float32 [3, height, width], as a preprocessor_config.json rescales and normalises. */
export const toPixelValues = (pixels, { image_mean: mean, image_std: std }) => {
  const count = pixels.length / 3;
  const values = new Float32Array(pixels.length);
  for (let channel = 0; channel < 3; channel += 1) {
    const [scale, shift] = [1 / (255 * std[channel]), mean[channel] / std[channel]];
    for (let index = 0; index < count; index += 1) {
      values[channel * count + index] = pixels[index * 3 + channel] * scale - shift;
    }
  }
  return values;
};
