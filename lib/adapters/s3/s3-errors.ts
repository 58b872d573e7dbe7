export const errorFacts = (error: unknown): { name: string; status: number } => {
  const { name = '', $metadata } = (error ?? {}) as { name?: string; $metadata?: { httpStatusCode?: number } };
  return { name, status: $metadata?.httpStatusCode ?? 0 };
};

/** Classified by status and S3's error name: 404 for an object or version that is gone. */
export const isGone = (error: unknown): boolean => {
  const { name, status } = errorFacts(error);
  return name !== 'NoSuchBucket' && (name === 'NoSuchKey' || name === 'NoSuchVersion' || status === 404);
};
