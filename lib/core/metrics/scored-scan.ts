/** A scan with its true label and what the path answered for it. */
export interface ScoredScan {
  /** Index of the true label. */
  readonly truth: number;
  /** As served, in label order. */
  readonly scores: readonly number[];
  /** Plain, in label order. */
  readonly logits: readonly number[];
  /** Whose scan it is; null when that is not known of any. */
  readonly subject: string | null;
  /** Why the path abstained: a reason, null where it did not. */
  readonly abstainReason: string | null;
}
