export { type BackfillFolderOptions, backfillFolder } from './backfill-folder';
export { openLocalKeys } from './key-access';
export { type LocalCloud, type LocalCloudOptions, startLocalCloud } from './start-local-cloud';
