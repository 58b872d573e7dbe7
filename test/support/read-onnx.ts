/** The little of an ONNX file that tests ask for, decoded from the wire format independently of the writer. */
export interface OnnxSummary {
  readonly irVersion: number;
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly { readonly opType: string; readonly domain: string; readonly inputs: readonly string[] }[];
  readonly initializers: ReadonlyMap<
    string,
    { readonly dims: number[]; readonly dataType: number; readonly external: ReadonlyMap<string, string> }
  >;
}

type Field = { readonly field: number; readonly int: bigint; readonly bytes: Uint8Array };

const fieldsOf = (bytes: Uint8Array): Field[] => {
  const fields: Field[] = [];
  let position = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[position++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (position < bytes.length) {
    const tag = Number(varint());
    const length = { 0: 0, 1: 8, 5: 4 }[tag & 7];
    const int = (tag & 7) === 0 || (tag & 7) === 2 ? varint() : 0n;
    const size = length ?? Number(int);
    fields.push({ field: tag >> 3, int, bytes: bytes.subarray(position, position + size) });
    position += size;
  }
  return fields;
};

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const all = (fields: Field[], field: number): Uint8Array[] =>
  fields.filter((entry) => entry.field === field).map(({ bytes }) => bytes);
const int = (fields: Field[], field: number): number => Number(fields.find((entry) => entry.field === field)?.int ?? 0);

const readInts = (bytes: Uint8Array): number[] => {
  const values: number[] = [];
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) {
      values.push(value);
      [value, factor] = [0, 1];
    }
  }
  return values;
};

export const readOnnx = (model: Uint8Array): OnnxSummary => {
  const fields = fieldsOf(model);
  const graph = fieldsOf(all(fields, 7)[0]!);
  return {
    irVersion: int(fields, 1),
    opsets: new Map(
      all(fields, 8)
        .map(fieldsOf)
        .map((opset) => [text(all(opset, 1)[0]), int(opset, 2)]),
    ),
    nodes: all(graph, 1)
      .map(fieldsOf)
      .map((node) => ({
        opType: text(all(node, 4)[0]),
        domain: text(all(node, 7)[0]),
        inputs: all(node, 1).map(text),
      })),
    initializers: new Map(
      all(graph, 5)
        .map(fieldsOf)
        .map((tensor) => [
          text(all(tensor, 8)[0]),
          {
            dims: all(tensor, 1).flatMap(readInts),
            dataType: int(tensor, 2),
            external: new Map(
              all(tensor, 13)
                .map(fieldsOf)
                .map((entry) => [text(all(entry, 1)[0]), text(all(entry, 2)[0])]),
            ),
          },
        ]),
    ),
  };
};

/** float32 values of a constant, wherever the file says they are. @param data the file beside the model */
export const readFloats = (model: Uint8Array, data: Uint8Array, name: string): number[] => {
  const tensor = all(fieldsOf(all(fieldsOf(model), 7)[0]!), 5)
    .map(fieldsOf)
    .find((fields) => text(all(fields, 8)[0]) === name)!;
  const { offset, length } = Object.fromEntries(
    all(tensor, 13)
      .map(fieldsOf)
      .map((entry) => [text(all(entry, 1)[0]), Number(text(all(entry, 2)[0]))]),
  );
  const bytes = length === undefined ? all(tensor, 9)[0]! : data.subarray(offset, Number(offset) + length);
  // A copy of its own: `slice` of a Buffer is a view.
  return [...new Float32Array(Uint8Array.from(bytes).buffer)];
};
