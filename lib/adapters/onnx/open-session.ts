import type { InferenceSession } from 'onnxruntime-node';
import type { GraphInput, GraphSession } from '../../core/compiler-ports';
import { SulcusError, toSulcusError } from '../../core/errors';
import type { OutputValues } from '../../core/model-outputs';
import { loadRuntime } from './load-runtime';
import { type SessionSettings, sessionOptions } from './session-options';

/**
 * Opens a graph of `pixels` u8 [1, height, width, 3] -> float32 `outputs` from its path, not from bytes: only then is the
 * data file beside it mapped instead of copied.
 *
 * ONNX Runtime's `run` for Node holds the JavaScript thread until it is done, so runs of one process queue up by
 * themselves and never share the CPUs; nothing else is scheduled meanwhile.
 * @throws MODEL_UNAVAILABLE when the runtime or the graph cannot be loaded, the graph takes another input or lacks an output
 */
export const openGraphSession = async (
  path: string,
  input: GraphInput,
  outputs: readonly string[],
  settings: SessionSettings = {},
): Promise<GraphSession> => {
  const { Tensor, session } = await create(path, settings);
  try {
    requireInterface(session, input, outputs);
  } catch (error) {
    await session.release();
    throw error;
  }
  const { height, width } = input;
  const dims = [1, height, width, 3];
  const expectedBytes = height * width * 3;
  const running = new Set<Promise<unknown>>();
  let disposed: Promise<void> | undefined;

  const infer = async <Name extends string>(
    pixels: Uint8Array,
    wanted: readonly Name[],
  ): Promise<OutputValues<Name>> => {
    let fetched: InferenceSession.ReturnType;
    try {
      fetched = await session.run({ pixels: new Tensor('uint8', pixels, dims) }, [...wanted]);
    } catch (cause) {
      throw new SulcusError('INFERENCE_FAILED', `expected ${wanted.join(', ')} from the model, received a failure`, {
        cause,
      });
    }
    const values = wanted.map((name) => [name, requireFinite(name, fetched[name]?.data)]);
    return Object.fromEntries(values) as OutputValues<Name>;
  };
  return {
    run: async ({ pixels }, wanted) => {
      if (disposed !== undefined) {
        throw new SulcusError('INFERENCE_FAILED', 'expected an open model session, received one already disposed');
      }
      if (pixels.length !== expectedBytes) {
        throw new SulcusError(
          'INFERENCE_FAILED',
          `expected ${expectedBytes} bytes for pixels of [${dims.join(', ')}], received ${pixels.length}`,
        );
      }
      const run = infer(pixels, wanted);
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
    throw toSulcusError(cause, 'MODEL_UNAVAILABLE', 'expected a graph that ONNX Runtime loads, received a failure');
  }
};

const requireInterface = (
  session: InferenceSession,
  { height, width }: GraphInput,
  outputs: readonly string[],
): void => {
  const metadata = session.inputMetadata.find(({ name }) => name === 'pixels');
  const received = metadata?.isTensor ? `${metadata.type} [${metadata.shape.join(', ')}]` : 'none';
  const expected = `uint8 [1, ${height}, ${width}, 3]`;
  const missing = outputs.filter((name) => !session.outputNames.includes(name));
  if (received === expected && missing.length === 0) return;
  throw new SulcusError(
    'MODEL_UNAVAILABLE',
    `expected input pixels ${expected} and outputs ${outputs.join(', ')}, received ${received} ` +
      `and ${missing.length === 0 ? 'these' : `no ${missing.join(', ')}`}`,
  );
};

const requireFinite = (name: string, values: unknown): Float32Array => {
  if (values instanceof Float32Array && values.every(Number.isFinite)) return values;
  throw new SulcusError(
    'INFERENCE_FAILED',
    `expected finite float32 values for ${name}, received NaN, Infinity or another type`,
  );
};
