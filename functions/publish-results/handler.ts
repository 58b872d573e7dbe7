import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { readConfig } from '../../lib/adapters/config/config';
import { readStreamRecords } from '../../lib/adapters/dynamodb';
import { createEventBus } from '../../lib/adapters/eventbridge';
import { createLogger } from '../../lib/adapters/logging/powertools-logger';
import { openOnce } from '../../lib/core/open-once';
import { type PublishResultsDeps, publishResults } from '../../lib/core/publish-results';

export type PublishResultsHandler = (event: DynamoDBStreamEvent) => Promise<DynamoDBBatchResponse>;

/** The table's stream -> an event per final result; answers from where the stream must come again. */
export const createHandler =
  (deps: PublishResultsDeps): PublishResultsHandler =>
  async (event) => {
    const failed = await publishResults(deps, readStreamRecords(event, Date.now()));
    return { batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed }] };
  };

const wire = openOnce(async () => {
  const logger = createLogger('publish-results');
  return createHandler({ bus: createEventBus({ ...readConfig(['busName']), logger }), logger });
});

export const handler: PublishResultsHandler = async (event) => (await wire())(event);
