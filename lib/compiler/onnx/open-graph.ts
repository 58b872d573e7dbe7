import type { CheckpointFile, CheckpointSource } from '../../core/compiler-ports';
import { SulcusError } from '../../core/errors';
import type { ConstantTensor, ElementType, Graph, GraphNode } from './graph';
import type { Initializer, ModelProto } from './model-proto';
import { readModel } from './read-model';

export interface OpenedGraph {
  readonly graph: Graph;
  readonly producer: ModelProto['producer'];
  close(): Promise<void>;
}

/** A graph without its weights takes less than a megabyte. */
const MAX_MODEL_BYTES = 256 * 1024 * 1024;

/**
 * A graph that the compiler wrote, as `emitModel` takes it: large constants are read from the file beside it when they are
 * asked for. Emitted again unchanged, it is the same bytes.
 * @param source the folder of the bundle @param path of the graph in it
 * @throws ARCHITECTURE_UNSUPPORTED for another compiler's graph, CHECKPOINT_INVALID when it cannot be read
 */
export const openGraph = async (source: CheckpointSource, path: string): Promise<OpenedGraph> => {
  const { producer, inputs, outputs, nodes, initializers } = readModel(await readWhole(source, path));
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const dataName = `${path}_data`.slice(folder.length);
  const elsewhere = initializers.find(({ data }) => 'location' in data && data.location !== dataName);
  if (elsewhere !== undefined) {
    const { location } = elsewhere.data as { readonly location: string };
    throw unsupported(`constants in ${dataName}`, JSON.stringify(location.slice(0, 80)));
  }
  const hasFile = initializers.some(({ data }) => 'location' in data);
  const file = hasFile ? await source.open(`${path}_data`) : undefined;
  return {
    graph: { inputs, outputs, nodes: attachConstants(nodes, initializers, file) },
    producer,
    close: async () => file?.close(),
  };
};

const unsupported = (expected: string, received: string): SulcusError =>
  new SulcusError('ARCHITECTURE_UNSUPPORTED', `expected ${expected} of a graph, received ${received}`);

const readWhole = async (source: CheckpointSource, path: string): Promise<Uint8Array> => {
  const file = await source.open(path);
  try {
    if (file.sizeBytes > MAX_MODEL_BYTES) {
      throw unsupported(`at most ${MAX_MODEL_BYTES} bytes, weights aside,`, String(file.sizeBytes));
    }
    return await file.read(0, file.sizeBytes);
  } finally {
    await file.close();
  }
};

/** To the node that is the first to use each; in the order of the file, which is the order that they are emitted in. */
const attachConstants = (
  nodes: readonly GraphNode[],
  initializers: readonly Initializer[],
  file: CheckpointFile | undefined,
): GraphNode[] => {
  const waiting = new Map(initializers.map((initializer) => [initializer.name, initializer]));
  const order = new Map(initializers.map(({ name }, index) => [name, index]));
  const attached = nodes.map((node) => {
    const own = [...new Set(node.inputs)].flatMap((name) => waiting.get(name) ?? []);
    for (const { name } of own) waiting.delete(name);
    if (own.length === 0) return node;
    own.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
    const constants = async () => {
      const tensors: [string, ConstantTensor][] = [];
      for (const initializer of own) tensors.push([initializer.name, await readTensor(initializer, file)]);
      return Object.fromEntries(tensors);
    };
    return { ...node, constants };
  });
  const [unused] = waiting.keys();
  if (unused !== undefined) throw unsupported('constants that nodes use', `${JSON.stringify(unused)}, which none does`);
  return attached;
};

const readTensor = async ({ type, dims, data }: Initializer, file: CheckpointFile | undefined) => {
  const bytes = 'raw' in data ? data.raw : await file?.read(data.offset, data.sizeBytes);
  // A copy, aligned and alone in its buffer: what was read may be a view of more.
  return { dims, data: VIEWS[type](new Uint8Array(bytes ?? [])) };
};

/** Of bytes that begin their buffer, little endian as the file and every machine this runs on. */
const VIEWS: Readonly<Record<ElementType, (bytes: Uint8Array) => ConstantTensor['data']>> = {
  float32: ({ buffer }) => new Float32Array(buffer as ArrayBuffer),
  uint8: (bytes) => bytes,
  int8: ({ buffer }) => new Int8Array(buffer as ArrayBuffer),
  int64: ({ buffer }) => new BigInt64Array(buffer as ArrayBuffer),
};
