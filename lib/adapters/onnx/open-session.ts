import type { InferenceSession } from 'onnxruntime-node';
import type { GraphInput, GraphSession } from '../../core/compiler-ports';
import { SulcusError } from '../../core/errors';
import { loadRuntime } from './load-runtime';
import { type SessionSettings, sessionOptions } from './session-options';

/**
 * Opens a graph of `pixels` u8 [1, height, width, 3] -> `logits` float32 [1, labels] from its path, not from bytes: only
 * then is the data file beside it mapped instead of copied.
 *
 * ONNX Runtime's `run` for Node holds the JavaScript thread until it is done, so runs of one process queue up by
 * themselves and never share the CPUs; nothing else is scheduled meanwhile.
 * @throws MODEL_UNAVAILABLE when the runtime or the graph cannot be loaded, or the graph takes another input
 */
export const openGraphSession = async (
  path: string,
  input: GraphInput,
  settings: SessionSettings = {},
): Promise<GraphSession> => {
  const { Tensor, session } = await create(path, settings);
  try {
    requireInput(session, input);
  } catch (error) {
    await session.release();
    throw error;
  }
  const { height, width } = input;
  const dims = [1, height, width, 3];
  const expectedBytes = height * width * 3;
  const running = new Set<Promise<unknown>>();
  let disposed: Promise<void> | undefined;

  const infer = async (pixels: Uint8Array): Promise<Float32Array> => {
    let logits: unknown;
    try {
      const outputs = await session.run({ pixels: new Tensor('uint8', pixels, dims) }, ['logits']);
      logits = outputs.logits?.data;
    } catch (cause) {
      throw new SulcusError('INFERENCE_FAILED', 'expected logits from the model, received a failure', { cause });
    }
    return requireFinite(logits);
  };
  return {
    run: async (pixels) => {
      if (disposed !== undefined) {
        throw new SulcusError('INFERENCE_FAILED', 'expected an open model session, received one already disposed');
      }
      if (pixels.length !== expectedBytes) {
        throw new SulcusError(
          'INFERENCE_FAILED',
          `expected ${expectedBytes} bytes for pixels of [${dims.join(', ')}], received ${pixels.length}`,
        );
      }
      const run = infer(pixels);
      running.add(run);
      try {
        return await run;
      } finally {
        running.delete(run);
      }
    },
    dispose: () => {
      disposed ??= Promise.allSettled(running).then(() => session.release());
      return disposed;
    },
  };
};

const create = async (path: string, settings: SessionSettings) => {
  try {
    const { InferenceSession, Tensor } = loadRuntime();
    return { Tensor, session: await InferenceSession.create(path, sessionOptions(settings)) };
  } catch (cause) {
    throw new SulcusError('MODEL_UNAVAILABLE', 'expected a graph that ONNX Runtime loads, received a failure', {
      cause,
    });
  }
};

const requireInput = (session: InferenceSession, { height, width }: GraphInput): void => {
  const metadata = session.inputMetadata.find(({ name }) => name === 'pixels');
  const received = metadata?.isTensor ? `${metadata.type} [${metadata.shape.join(', ')}]` : 'none';
  const expected = `uint8 [1, ${height}, ${width}, 3]`;
  if (received === expected && session.outputNames.includes('logits')) return;
  throw new SulcusError(
    'MODEL_UNAVAILABLE',
    `expected input pixels ${expected} and output logits, received ${received}`,
  );
};

const requireFinite = (logits: unknown): Float32Array => {
  if (!(logits instanceof Float32Array) || !logits.every(Number.isFinite)) {
    throw new SulcusError('INFERENCE_FAILED', 'expected finite float32 logits, received NaN, Infinity or another type');
  }
  return logits;
};
