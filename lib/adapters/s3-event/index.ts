export { type BatchResponse, type ProcessMessagesDeps, processMessages } from './process-messages';
export { parseUploadEvents } from './upload-events';
