export { type Batch, parseBatchEvent } from './batch-event';
export {
  type BackfillExecution,
  type BackfillInput,
  createStepFunctionsClient,
  describeBackfill,
  findManifest,
  type ManifestPlace,
  redriveBackfill,
  type StepFunctionsClient,
  startBackfill,
} from './executions';
export { readMapResults } from './map-results';
