import fc from 'fast-check';
import { interpolatePositions } from '../../../../lib/compiler/architectures/vit/interpolate-positions';
import fixture from '../../../parity/position-embeddings.json';

const CHANNELS = 2;

/** The same as in position_embeddings.py, which made the fixture. */
const positionsOf = (side: number): Float32Array =>
  Float32Array.from({ length: (1 + side * side) * CHANNELS }, (_, index) => {
    const [row, channel] = [Math.floor(index / CHANNELS), index % CHANNELS];
    return ((37 * row + 17 * row * row + 29 * channel * (row + 1)) % 64) / 32 - 1;
  });

const square = (side: number) => ({ height: side, width: side });

test.each(fixture.cases.map(({ side, to, values }) => [side, to[0]!, to[1]!, values] as const))(
  'from %i x itself to %i x %i as transformers does',
  (side, height, width, expected) => {
    const received = interpolatePositions(positionsOf(side), square(side), { height, width });

    expect(received).toHaveLength(expected.length);
    const differences = expected.map((value, index) => Math.abs(value - received[index]!));
    expect(Math.max(...differences)).toBeLessThan(1e-6);
  },
);

test('the same grid is the same array', () => {
  const positions = positionsOf(3);

  expect(interpolatePositions(positions, square(3), square(3))).toBe(positions);
});

test('a constant stays constant, and the row of the CLS token as it is', () => {
  const side = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(side, side, side, (from, height, width) => {
      const positions = new Float32Array(1 + from * from).fill(0.375);
      positions[0] = 5;

      const [first, ...rest] = interpolatePositions(positions, square(from), { height, width });

      expect(first).toBe(5);
      expect(rest.every((value) => Math.abs(value - 0.375) < 1e-6)).toBe(true);
    }),
  );
});
