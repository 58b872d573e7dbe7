import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import type { Account } from './account';
import type { DeployedFunctions } from './deployed-functions';
import { sourceOf } from './deployed-queue';

/**
 * The event source mapping's part for the table's stream, as deployed: its records so far, in batches, to the function.
 * (Filters are for AWS to apply; the function skips by itself what they leave out.) @returns records that failed
 */
export const publishStream = async (
  account: Account,
  functions: DeployedFunctions,
  tableName: string,
): Promise<string[]> => {
  const { EventSourceArn, FunctionArn, BatchSize } = await sourceOf(account, tableName);
  const { StreamDescription } = await account.stream<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
    'DescribeStream',
    { StreamArn: EventSourceArn },
  );
  const failed: string[] = [];
  for (const { ShardId } of StreamDescription.Shards) {
    const { ShardIterator } = await account.stream<{ ShardIterator: string }>('GetShardIterator', {
      StreamArn: EventSourceArn,
      ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    });
    const { Records } = await account.stream<{ Records: DynamoDBRecord[] }>('GetRecords', { ShardIterator });
    for (let start = 0; start < Records.length; start += BatchSize) {
      const batch = { Records: Records.slice(start, start + BatchSize) };
      const { batchItemFailures } = (await functions.invoke(FunctionArn, batch)) as DynamoDBBatchResponse;
      failed.push(...batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    }
  }
  return failed;
};
