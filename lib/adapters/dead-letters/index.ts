export { createQueueClient, type QueueClient, type Redrive, type RedriveProgress, redrive } from './redrive';
