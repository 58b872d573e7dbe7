import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { emitModel } from '../../../lib/compiler/onnx/emit-model';
import type { Graph } from '../../../lib/compiler/onnx/graph';
import { encodeModel } from '../../../lib/compiler/onnx/model-proto';
import { openGraph } from '../../../lib/compiler/onnx/open-graph';
import { readModel } from '../../../lib/compiler/onnx/read-model';
import { replaceClassifier } from '../../../lib/compiler/onnx/replace-classifier';
import { smoothVit } from '../../../lib/compiler/quantization/smooth-vit';
import { toFloatGraph } from '../../../lib/compiler/quantization/to-float-graph';
import { toQuantizedGraph } from '../../../lib/compiler/quantization/to-quantized-graph';
import { type MemorySink, memorySink } from '../../support/memory-sink';
import { importTinyVit, lowerTinyVit } from '../../support/tiny-graph';
import { memorySource, type TinyVitOptions } from '../../support/tiny-vit';

const PRODUCER = { name: 'sulcus', version: '3' };
const PATH = 'onnx/m.onnx';

const emit = async (graph: Graph): Promise<MemorySink['files']> => {
  const sink = memorySink();
  await emitModel(graph, PATH, sink, PRODUCER);
  return sink.files;
};

const open = async (files: ReadonlyMap<string, Uint8Array>) => openGraph(memorySource(files), PATH);

/** Jest takes minutes to show where two files differ. */
const digests = (files: ReadonlyMap<string, Uint8Array>) =>
  [...files].map(([path, bytes]) => [path, bytes.length, createHash('sha256').update(bytes).digest('hex')]);

/** Hidden 32 and 40 labels: a classifier of 5 kB, which goes to the data file. */
const MANY_LABELS = {
  id2label: Object.fromEntries(Array.from({ length: 40 }, (_, index) => [index, `label ${index}`])),
};

const VARIANTS: [string, TinyVitOptions, Parameters<typeof lowerTinyVit>[2]][] = [
  ['four labels', {}, {}],
  ['a classifier in the data file', { config: MANY_LABELS }, {}],
  ['a pooler after the classifier', { head: 'classifier and pooler', config: MANY_LABELS }, {}],
  ['no classifier', { head: 'none' }, {}],
  ['background skipped', {}, { skipBackground: 8 }],
  ['tokens merged', {}, { mergeTokens: 2 }],
  ['both, and a crop', { config: { image_size: 36 } }, { skipBackground: 0, mergeTokens: 1 }],
];

describe.each([
  ['int8', toQuantizedGraph],
  ['fp32', toFloatGraph],
])('of an %s graph', (_, toGraph) => {
  test.each(VARIANTS)(
    'what was emitted is read and emitted again, byte for byte: %s',
    async (_name, options, tokens) => {
      const files = await emit(toGraph(lowerTinyVit(smoothVit(await importTinyVit(options)), {}, tokens)));

      const { graph, producer, close } = await open(files);
      const again = await emit(graph);
      await close();

      expect(producer).toEqual(PRODUCER);
      expect(digests(again)).toEqual(digests(files));
    },
  );

  test.each(VARIANTS)(
    'a new classifier gives what compiling it gives, byte for byte: %s',
    async (_name, options, tokens) => {
      const model = smoothVit(await importTinyVit(options));
      const classifier = {
        outSize: 40,
        inSize: 32,
        weight: Float32Array.from({ length: 1280 }, (_, index) => Math.sin(index)),
        bias: Float32Array.from({ length: 40 }, (_, index) => Math.cos(index)),
      };
      const labels = Object.values(MANY_LABELS.id2label);
      const compiled = { ...model, classifier: async () => classifier, config: { ...model.config, labels } };
      const logits = model.classifier === null ? null : 'logits';

      const { graph } = await open(await emit(toGraph(lowerTinyVit(model, {}, tokens))));
      const replaced = await emit(replaceClassifier(graph, { features: 'features', logits }, classifier));

      expect(digests(replaced)).toEqual(digests(await emit(toGraph(lowerTinyVit(compiled, {}, tokens)))));
    },
  );
});

const tinyFiles = async () => emit(toQuantizedGraph(lowerTinyVit(await importTinyVit())));

describe('refuses', () => {
  const refusal = (message: RegExp) => ({
    code: 'ARCHITECTURE_UNSUPPORTED',
    message: expect.stringMatching(message),
  });

  test('a graph with anything that the compiler does not write', async () => {
    const files = await tinyFiles();
    const [opset, ...rest] = [
      [0x52, 0],
      [0x40, 1],
    ] as const;
    for (const extra of [opset, ...rest]) {
      const other = Buffer.concat([files.get(PATH)!, Uint8Array.from(extra)]);

      await expect(open(new Map([...files, [PATH, other]]))).rejects.toMatchObject(
        refusal(/expected an ONNX graph as the compiler writes it/),
      );
    }
  });

  test("another compiler's, by its name and opset", () => {
    const model = Buffer.from(`08071207${Buffer.from('pytorch').toString('hex')}3a0042040a001012`, 'hex');

    expect(() => readModel(model)).toThrow(expect.objectContaining(refusal(/received one of "pytorch" and opset 18/)));
  });

  test('a graph cut short anywhere', async () => {
    const model = (await tinyFiles()).get(PATH)!;

    fc.assert(
      fc.property(fc.nat(model.length - 1), (length) => {
        expect(() => readModel(model.subarray(0, length))).toThrow(
          expect.objectContaining({ code: 'ARCHITECTURE_UNSUPPORTED' }),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('bytes that are no graph at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        expect(() => readModel(bytes)).toThrow(expect.objectContaining({ code: 'ARCHITECTURE_UNSUPPORTED' }));
      }),
    );
  });

  test('constants in another file, or that no node uses', async () => {
    const initializer = { name: 'w', type: 'float32', dims: [1] } as const;
    const graph = { producer: PRODUCER, graphName: 'vit', inputs: [], outputs: [], nodes: [] };
    const of = (data: Parameters<typeof encodeModel>[0]['initializers'][number]['data']) =>
      open(new Map([[PATH, encodeModel({ ...graph, initializers: [{ ...initializer, data }] })]]));

    await expect(of({ location: '../secret', offset: 0, sizeBytes: 4 })).rejects.toMatchObject(
      refusal(/expected constants in m.onnx_data of a graph, received "..\/secret"/),
    );
    await expect(of({ raw: new Uint8Array(4) })).rejects.toMatchObject(refusal(/"w", which none does/));
  });

  test('another classifier than MatMul and Add, and other features', async () => {
    const { graph } = await open(await tinyFiles());
    const classifier = { outSize: 2, inSize: 32, weight: new Float32Array(64), bias: new Float32Array(2) };
    const gemm = graph.nodes.map((node) => (node.outputs.includes('logits') ? { ...node, opType: 'Sum' } : node));
    const names = { features: 'features', logits: 'logits' };

    expect(() => replaceClassifier({ ...graph, nodes: gemm }, names, classifier)).toThrow(
      expect.objectContaining(refusal(/expected MatMul of features and Add for the logits .* received MatMul, Sum/)),
    );
    expect(() => replaceClassifier(graph, names, { ...classifier, inSize: 16 })).toThrow(
      expect.objectContaining(refusal(/expected features float32 \[1, 16\] in the graph, received float32 \[1, 32\]/)),
    );
    expect(() => replaceClassifier(graph, { ...names, features: 'none' }, classifier)).toThrow(
      expect.objectContaining(refusal(/received none/)),
    );
  });
});
