export { createBundleFolder } from './bundle-folder';
export { openCheckpointFolder } from './checkpoint-folder';
