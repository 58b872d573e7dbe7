export interface Engine {
  readonly versions: Readonly<Record<string, string>>;
  /** Pixels of a file (u8 [height, width, 3]) become the input that `session` takes. */
  prepare(path: string): Promise<void>;
  session(): Promise<ArrayLike<number>>;
  /** An image file in, scores out. */
  image(path: string): Promise<ArrayLike<number>>;
  /** The same, as far as the logits. */
  logits(path: string): Promise<ArrayLike<number>>;
}
export const serve: (settings: { readonly image: string }, engine: Engine) => Promise<never>;
