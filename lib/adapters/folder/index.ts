export { etagOf, readEtag } from './content-hash';
export { FOLDER_BUCKET, isObjectKey, keyOfPath, openObject } from './object-path';
export { createFolderResultObjects } from './result-objects';
export { createFolderScanStore, type FolderScanStore, type FolderScanStoreOptions } from './scan-store';
export { createUploadTickets, type UploadClaim, type UploadTickets } from './upload-tickets';
