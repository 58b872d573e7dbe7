import { foldNormalisation, zeroPixel } from '../../../../lib/compiler/architectures/vit/patch-projection';

const projection = {
  outSize: 1,
  inSize: 6,
  weight: Float32Array.of(1, 2, 3, 4, 5, 6),
  bias: Float32Array.of(10),
};
const patch = { patchSize: { height: 1, width: 2 } };

test('pixels in, what the convolution gives for the normalised image out', () => {
  const processor = { rescaleFactor: 0.5, imageMean: [1, 2, 3], imageStd: [2, 4, 8] } as const;
  const pixels = [10, 20, 30, 40, 50, 60];

  const { weight, bias } = foldNormalisation(projection, patch, {
    ...processor,
    imageMean: [1, 2, 3],
    imageStd: [2, 4, 8],
  });

  const folded = pixels.reduce((sum, pixel, index) => sum + pixel * weight[index]!, bias![0]!);
  const normalise = (pixel: number, channel: number) =>
    (pixel * processor.rescaleFactor - processor.imageMean[channel]!) / processor.imageStd[channel]!;
  // Convolution order is [channel, y, x], pixels come as [y, x, channel].
  let expected = 10;
  for (let channel = 0; channel < 3; channel++) {
    for (let x = 0; x < 2; x++) {
      expected += projection.weight[channel * 2 + x]! * normalise(pixels[x * 3 + channel]!, channel);
    }
  }
  expect(folded).toBeCloseTo(expected, 4);
});

test('a projection without bias starts from none', () => {
  const plain = {
    rescaleFactor: 1,
    imageMean: [0, 0, 0] as [number, number, number],
    imageStd: [1, 1, 1] as [number, number, number],
  };

  expect(foldNormalisation({ ...projection, bias: null }, patch, plain).bias).toEqual(Float32Array.of(0));
});

test.each([
  [1 / 255, 0.5, 128],
  [1 / 255, 0, 0],
  [1, 127, 127],
  [1 / 255, 2, 255],
  [1 / 255, -1, 0],
])('rescaled by %d, the mean %d is pixel %d', (rescaleFactor, mean, pixel) => {
  expect(zeroPixel({ rescaleFactor, imageMean: [mean, mean, mean] })).toBe(pixel);
});
