import type { BundleFile } from './model-manifest';
import type { ModelInput, OutputValues } from './model-outputs';

/** What the model compiler needs from the world; lib/adapters implements it on folders and ONNX Runtime, tests in memory. */

export interface CheckpointFile {
  readonly sizeBytes: number;
  /** Exactly `length` bytes from `offset`, or a failure; both are inside the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** SHA-256 of the whole file, 64 lower-case hex digits, without holding the file in memory. */
  sha256(): Promise<string>;
  close(): Promise<void>;
}

export interface CheckpointSource {
  /** What the manifest calls the checkpoint: a name, never a path of the machine that compiled it. */
  readonly name: string;
  /** Names of the files beside each other in the checkpoint. */
  list(): Promise<readonly string[]>;
  /** @throws CHECKPOINT_INVALID when there is no such file or it cannot be read */
  open(file: string): Promise<CheckpointFile>;
}

export interface BundleWriter {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<BundleFile>;
}

/** A bundle being written: nothing of it is visible under its own name before `commit`. */
export interface BundleSink {
  /** Starts the file at this bundle-relative POSIX path. */
  create(path: string): Promise<BundleWriter>;
  /** Where a session opener finds a closed file. */
  locate(path: string): string;
  discard(path: string): Promise<void>;
  commit(): Promise<void>;
  /** Leaves nothing behind; safe to call after a failure anywhere, or twice. */
  abort(): Promise<void>;
}

/** A graph that takes pixels, with no manifest around it. */
export interface GraphSession {
  /**
   * One forward pass.
   * @param wanted names of the outputs to fetch; the others are not copied out
   * @returns finite values @throws INFERENCE_FAILED
   */
  run<Name extends string>(input: ModelInput, wanted: readonly Name[]): Promise<OutputValues<Name>>;
  dispose(): Promise<void>;
}

export interface GraphInput {
  readonly height: number;
  readonly width: number;
}

/** What is known of a graph's constants that the way it is run depends on. */
export interface GraphTraits {
  /** No product of its integer weights can saturate, so that none needs an exact, slower form. */
  readonly neverSaturates?: boolean;
}

/** @throws MODEL_UNAVAILABLE when the file is not a graph that this runtime can load, or lacks one of the `outputs` */
export type OpenGraphSession = (
  path: string,
  input: GraphInput,
  outputs: readonly string[],
  graph?: GraphTraits,
) => Promise<GraphSession>;
