import type { ImageProcessorConfig } from '../../../core/image-processor';
import type { VitConfig } from './config';
import type { Linear } from './vit-model';

/**
 * The patch convolution as a linear layer over raw pixels: `(pixel * rescale - mean) / std` is linear, so it folds into
 * weight and bias. Rows of the convolution are [channel, y, x]; a patch of an NHWC image is [y, x, channel].
 * @returns a layer over 0..255; sums are made in double precision, since the folded bias is a sum of hundreds of terms
 */
export const foldNormalisation = (
  projection: Linear,
  { patchSize }: Pick<VitConfig, 'patchSize'>,
  { rescaleFactor, imageMean, imageStd }: Pick<ImageProcessorConfig, 'rescaleFactor' | 'imageMean' | 'imageStd'>,
): Linear => {
  const { outSize, inSize } = projection;
  const area = patchSize.height * patchSize.width;
  const weight = new Float32Array(outSize * inSize);
  const bias = new Float32Array(outSize);
  for (let row = 0; row < outSize; row++) {
    let sum = projection.bias?.[row] ?? 0;
    for (let channel = 0; channel < 3; channel++) {
      const mean = imageMean[channel] as number;
      const std = imageStd[channel] as number;
      for (let pixel = 0; pixel < area; pixel++) {
        const value = projection.weight[row * inSize + channel * area + pixel] as number;
        weight[row * inSize + pixel * 3 + channel] = (value * rescaleFactor) / std;
        sum -= (value * mean) / std;
      }
    }
    bias[row] = sum;
  }
  return { outSize, inSize, weight, bias };
};

/** The pixel that normalises to zero, averaged over the channels: where 8-bit weights err least on ordinary images. */
export const zeroPixel = ({
  rescaleFactor,
  imageMean,
}: Pick<ImageProcessorConfig, 'rescaleFactor' | 'imageMean'>): number => {
  const mean = (imageMean[0] + imageMean[1] + imageMean[2]) / 3 / rescaleFactor;
  return Math.max(0, Math.min(255, Math.round(mean)));
};
