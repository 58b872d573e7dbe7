import { S3Client } from '@aws-sdk/client-s3';

/**
 * A silent S3 must become STORE_UNAVAILABLE well within a function's timeout. `throwOnRequestTimeout`, because the SDK
 * otherwise only warns; `socketTimeout` ends a body that stops flowing.
 */
const PATIENCE = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    socketTimeout: 5_000,
    throwOnRequestTimeout: true,
  },
};

export interface S3ClientOptions {
  /** Instead of AWS; the SDK also reads `AWS_ENDPOINT_URL_S3`. */
  readonly endpoint?: string;
  /** @default the environment's */
  readonly region?: string;
}

/**
 * An S3 client for scans. Uploads are not checksummed by default: the SDK would sign the CRC32 of an empty body into a
 * presigned PUT, and every upload through it would then fail.
 */
export const createS3Client = ({ endpoint, region }: S3ClientOptions = {}): S3Client =>
  new S3Client({
    ...PATIENCE,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
  });
