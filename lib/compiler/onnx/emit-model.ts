import type { BundleSink } from '../../core/compiler-ports';
import type { BundleFile } from '../../core/model-manifest';
import { type ConstantTensor, elementTypeOf, type Graph } from './graph';
import { encodeModel, type Initializer, type InitializerData, type ModelProto } from './model-proto';

/** Smaller constants stay in the model file: a mapping each would cost more than copying them. */
const INLINE_BYTES = 4096;

/** A cache line; ONNX Runtime rounds the mapping itself down to a page. */
const ALIGNMENT_BYTES = 64;

/**
 * Writes a graph as `<path>` and `<path>_data`: the second is mapped into memory instead of parsed and copied, which
 * halves the time to open a session. Constants are made, written and forgotten node by node.
 * @returns both files, the graph first
 */
export const emitModel = async (
  graph: Graph,
  path: string,
  sink: BundleSink,
  producer: ModelProto['producer'],
): Promise<BundleFile[]> => {
  const dataPath = `${path}_data`;
  const location = dataPath.slice(dataPath.lastIndexOf('/') + 1);
  const dataWriter = await sink.create(dataPath);
  const initializers: Initializer[] = [];
  let offset = 0;
  const place = async (bytes: Uint8Array): Promise<InitializerData> => {
    if (bytes.length < INLINE_BYTES) return { raw: bytes };
    const padding = (ALIGNMENT_BYTES - (offset % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES;
    if (padding > 0) await dataWriter.write(new Uint8Array(padding));
    const start = offset + padding;
    await dataWriter.write(bytes);
    offset = start + bytes.length;
    return { location, offset: start, sizeBytes: bytes.length };
  };
  for (const { constants } of graph.nodes) {
    for (const [name, tensor] of Object.entries((await constants?.()) ?? {})) {
      const { dims, data } = tensor;
      initializers.push({ name, type: elementTypeOf(data), dims, data: await place(bytesOf(tensor)) });
    }
  }
  const dataFile = await dataWriter.close();
  const writer = await sink.create(path);
  const { inputs, outputs, nodes } = graph;
  await writer.write(encodeModel({ producer, graphName: 'vit', inputs, outputs, nodes, initializers }));
  return [await writer.close(), dataFile];
};

const bytesOf = ({ data }: ConstantTensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
