export { createObjectLookup } from './look-up';
export { createLineReader } from './read-lines';
export { createS3ResultObjects } from './result-objects';
export { createS3Client, type S3ClientOptions } from './s3-client';
export { createS3ScanStore, type S3ScanStoreOptions } from './scan-store';
