import fc from 'fast-check';
import { findDuplicateKey } from '../../../lib/compiler/safetensors/duplicate-keys';

test('keys that differ, values that repeat and equal keys of different objects are no duplicates', () => {
  const text = '{"a":"a","b":{"a":["a","a",{"a":1}]},"c":[],"d":"{\\"a\\":1,\\"a\\":2}","":{}}';

  expect(findDuplicateKey(text)).toBeUndefined();
});

test('a key that occurs twice is found at any depth and however it is escaped', () => {
  expect(findDuplicateKey('{"a":1,"a":2}')).toBe('a');
  expect(findDuplicateKey('{"x":[{"y":{"b":1,"c":2,"b":3}}]}')).toBe('b');
  expect(findDuplicateKey('{"é":1,"\\u00e9":2}')).toBe('é');
  expect(findDuplicateKey('{"a\\"":1 , "a\\"" :2}')).toBe('a"');
  expect(findDuplicateKey('{"a":{"b":[1,2]},"c":"\\\\","a":0}')).toBe('a');
});

test('no object that JSON.stringify wrote has one', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.nat(4), (text, indent) => {
      const written = JSON.stringify(JSON.parse(text), null, indent);

      expect(findDuplicateKey(written)).toBeUndefined();
    }),
  );
});

test('every repeated key is found', () => {
  fc.assert(
    fc.property(fc.string(), fc.json(), fc.json(), (key, first, second) => {
      const name = JSON.stringify(key);

      expect(findDuplicateKey(`{${name}:${first},${name}:${second}}`)).toBeDefined();
    }),
  );
});
