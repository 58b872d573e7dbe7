import type { VitConfig } from './config';

/** A linear layer as PyTorch stores it: `weight` is row-major [out, in]. */
export interface Linear {
  readonly outSize: number;
  readonly inSize: number;
  readonly weight: Float32Array;
  /** Null when the layer has none. */
  readonly bias: Float32Array | null;
}

export interface LayerNorm {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
}

export interface VitLayer {
  readonly attentionNorm: LayerNorm;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly attentionOutput: Linear;
  readonly mlpNorm: LayerNorm;
  readonly mlpIn: Linear;
  readonly mlpOut: Linear;
}

export interface VitEmbeddings {
  /** [hidden]. */
  readonly clsToken: Float32Array;
  /** [1 + patches, hidden] for the size compiled for; the first row is the CLS token's. */
  readonly positions: Float32Array;
  /** Weight [hidden, channel, patch row, patch column]. */
  readonly projection: Linear;
}

/**
 * A Vision Transformer as the passes see it, whatever file it came from. Weights are read when asked for, one layer at a
 * time, so that memory holds one layer and not the model.
 */
export interface VitModel {
  readonly config: VitConfig;
  readonly parameters: number;
  embeddings(): Promise<VitEmbeddings>;
  layer(index: number): Promise<VitLayer>;
  finalNorm(): Promise<LayerNorm>;
  /** Null when the checkpoint has none (ViTModel): `config.labels` is then empty. */
  readonly classifier: (() => Promise<Linear>) | null;
  /** [poolerSize, hidden], followed by tanh, on the normalised CLS row; null when the checkpoint has or uses none. */
  readonly pooler: (() => Promise<Linear>) | null;
}
