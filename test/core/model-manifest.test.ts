import { readFileSync } from 'node:fs';
import { modelFactsExample } from '../../lib/adapters/http/examples';
import { modelManifestSchema } from '../../lib/core/model-manifest';

const { notice, ...manifest } = modelFactsExample;

test('a bundle from when logits were the only output reads as one that lacks the others', () => {
  const { meanBound, clsCosine, meanClsCosine, ...parity } = manifest.parity;
  const older = { ...manifest, graph: { ...manifest.graph, outputs: { logits: 'logits' } }, parity };

  const parsed = modelManifestSchema.parse(older);

  expect(parsed.graph.outputs).toEqual({ logits: 'logits', features: null, pooled: null, attention: null });
  expect(parsed.parity).toMatchObject({ clsCosine: null, meanClsCosine: null, meanBound: null });
});

test('a bundle without a model card reads as one whose card is null', () => {
  const { card, ...older } = manifest;

  expect(card).not.toBeNull();
  expect(modelManifestSchema.parse(older).card).toBeNull();
});

test.each([
  ['labels without logits', ['a'], null],
  ['logits without labels', [], 'logits'],
])('%s are no manifest', (_, labels, logits) => {
  const outputs = { ...manifest.graph.outputs, logits };

  const parsed = modelManifestSchema.safeParse({ ...manifest, labels, graph: { ...manifest.graph, outputs } });

  expect(parsed.success).toBe(false);
});

test('the bundle in layers/model follows the schema', () => {
  const text = readFileSync(`${__dirname}/../../layers/model/manifest.json`, 'utf8');

  expect(modelManifestSchema.safeParse(JSON.parse(text)).success).toBe(true);
});
