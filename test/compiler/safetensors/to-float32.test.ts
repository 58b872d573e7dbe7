import fc from 'fast-check';
import { isFloatDtype, toFloat32 } from '../../../lib/compiler/safetensors/to-float32';

const everyWord = Uint16Array.from({ length: 0x10000 }, (_, word) => word);

/** IEEE 754 binary16 by its definition. */
const half = (word: number): number => {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 0x1f;
  const fraction = (word & 0x3ff) / 1024;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
};

/** bfloat16: the upper half of a float32. */
const brain = (word: number): number => {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 7) & 0xff;
  const fraction = (word & 0x7f) / 128;
  if (exponent === 0xff) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -126 : sign * (1 + fraction) * 2 ** (exponent - 127);
};

test('every F16 value converts exactly: subnormals, zeros of both signs, infinities and NaN', () => {
  const values = toFloat32(new Uint8Array(everyWord.buffer), 'F16');

  const wrong = everyWord.filter((word) => !Object.is(values[word], half(word)));
  expect([...wrong]).toEqual([]);
});

test('every BF16 value converts exactly: subnormals, zeros of both signs, infinities and NaN', () => {
  const values = toFloat32(new Uint8Array(everyWord.buffer), 'BF16');

  const wrong = everyWord.filter((word) => !Object.is(values[word], brain(word)));
  expect([...wrong]).toEqual([]);
});

test('F32 is taken bit by bit', () => {
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true }), (expected) => {
      const bytes = new Uint8Array(expected.buffer, expected.byteOffset, expected.byteLength);

      expect(Array.from(toFloat32(bytes, 'F32'))).toEqual(Array.from(expected));
    }),
  );
});

test.each(['F32', 'F16', 'BF16'] as const)('%s converts from any alignment', (dtype) => {
  const aligned = Uint8Array.from({ length: 64 }, (_, index) => (index * 37) & 0x3f);
  const expected = Array.from(toFloat32(aligned, dtype));

  for (let shift = 1; shift < 4; shift++) {
    const shifted = new Uint8Array(aligned.length + shift).subarray(shift);
    shifted.set(aligned);
    expect(Array.from(toFloat32(shifted, dtype))).toEqual(expected);
  }
});

test('only the three float dtypes of weights count as such', () => {
  expect(['F32', 'F16', 'BF16'].every(isFloatDtype)).toBe(true);
  expect(['F64', 'I8', 'f32', '', 'toString'].some(isFloatDtype)).toBe(false);
});
