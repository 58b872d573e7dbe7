/** What a model can be asked for, by the names that a manifest has for them. */
export const MODEL_OUTPUTS = ['logits', 'features', 'pooled', 'attention'] as const;
export type ModelOutput = (typeof MODEL_OUTPUTS)[number];

/** What a forward pass takes. */
export interface ModelInput {
  /** u8 `[1, height, width, 3]`, NHWC, RGB, of the image size compiled for. */
  readonly pixels: Uint8Array;
}

/** The values asked for, row-major, without the leading 1 of the batch: it changes no length. */
export type OutputValues<Name extends string> = Readonly<Record<Name, Float32Array>>;
