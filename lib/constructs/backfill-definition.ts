import { BACKFILL } from '../topology';
import { BACKFILL_TIMEOUT } from './timing';

export interface BackfillNames {
  readonly partition: string;
  /** Of the function's alias. */
  readonly functionArn: string;
  readonly resultBucket: string;
}

/** Lambda says so when it is busy, or lost an invocation on its way: nothing was done, or all that was is kept. */
const LAMBDA_BUSY = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
];

/**
 * One batch, as an Express execution: cheap, restarted whole by a redrive, and what was done of it is kept. It fails
 * when an object failed, with the report as the cause.
 */
const batchStates = ({ partition, functionArn }: BackfillNames) => ({
  Classify: {
    Type: 'Task',
    Resource: `arn:${partition}:states:::lambda:invoke`,
    Parameters: { FunctionName: functionArn, 'Payload.$': '$' },
    OutputPath: '$.Payload',
    TimeoutSeconds: BACKFILL_TIMEOUT.toSeconds() + 5,
    Retry: [{ ErrorEquals: LAMBDA_BUSY, IntervalSeconds: 2, MaxAttempts: 4, BackoffRate: 2, JitterStrategy: 'FULL' }],
    Next: 'AllDone',
  },
  AllDone: {
    Type: 'Choice',
    Choices: [{ Variable: '$.outcomes.failed', NumericEquals: 0, Next: 'Done' }],
    Default: 'SomeFailed',
  },
  Done: { Type: 'Succeed' },
  SomeFailed: { Type: 'Fail', Error: 'SomeScansFailed', CausePath: 'States.JsonToString($)' },
});

/**
 * The state machine of a backfill, in Amazon's States Language: a distributed map over a listing of `$.bucket` below
 * `$.prefix`, whose results go to the log bucket.
 */
export const backfillDefinition = (names: BackfillNames) => ({
  Comment: 'Classifies objects that have no result of this model yet.',
  StartAt: 'Objects',
  States: {
    Objects: {
      Type: 'Map',
      Label: 'Objects',
      ItemReader: {
        Resource: `arn:${names.partition}:states:::s3:listObjectsV2`,
        ReaderConfig: { MaxItemsPath: '$.limit' },
        Parameters: { 'Bucket.$': '$.bucket', 'Prefix.$': '$.prefix' },
      },
      // Of what a listing says, nothing else travels.
      ItemSelector: { 'key.$': '$$.Map.Item.Value.Key', 'sizeBytes.$': '$$.Map.Item.Value.Size' },
      ItemBatcher: {
        MaxItemsPerBatch: BACKFILL.batchItems,
        BatchInput: { 'bucket.$': '$.bucket', 'dryRun.$': '$.dryRun' },
      },
      MaxConcurrencyPath: '$.concurrency',
      ToleratedFailurePercentage: BACKFILL.toleratedFailurePercentage,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
        StartAt: 'Classify',
        States: batchStates(names),
      },
      ResultWriter: {
        Resource: `arn:${names.partition}:states:::s3:putObject`,
        Parameters: { Bucket: names.resultBucket, Prefix: BACKFILL.resultPrefix },
        // One line a batch, its report alone.
        WriterConfig: { Transformation: 'COMPACT', OutputType: 'JSONL' },
      },
      End: true,
    },
  },
});
