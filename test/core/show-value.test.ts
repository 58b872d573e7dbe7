import { parseVitConfig } from '../../lib/compiler/architectures/vit/config';
import { parseImageProcessor } from '../../lib/core/image-processor';
import { shorten, showValue } from '../../lib/core/show-value';

test('values are shown as JSON, so that no control character is left', () => {
  expect(showValue('a\u001b[31m"b')).toBe('"a\\u001b[31m\\"b"');
  expect(showValue({ a: [1, null] })).toBe('{"a":[1,null]}');
  expect(showValue(undefined)).toBe('undefined');
});

test('eighty characters are shown, of more only the first eighty', () => {
  expect(shorten('x'.repeat(80))).toBe('x'.repeat(80));
  expect(shorten('x'.repeat(81))).toBe(`${'x'.repeat(80)}…`);
  expect(showValue('x'.repeat(1_000_000))).toHaveLength(81);
});

test('a file nested deeper than JSON.stringify can follow is refused in our words', () => {
  const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);

  expect(showValue(deep)).toBe('a value nested too deeply');
  expect(() => parseVitConfig({ model_type: deep })).toThrow(
    expect.objectContaining({
      code: 'ARCHITECTURE_UNSUPPORTED',
      message: 'expected "vit" for model_type of config.json, received a value nested too deeply',
    }),
  );
  expect(() => parseImageProcessor({ size: deep })).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
});
