import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { TestTable } from '../test/support/dynalite';

/** Results in the table: one item a scan, beside which usage and limits have counters of their own. */
export const countResults = async ({ client, tableName }: TestTable): Promise<number> => {
  let count = 0;
  let from: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: tableName,
        Select: 'COUNT',
        FilterExpression: 'begins_with(pk, :scan)',
        ExpressionAttributeValues: { ':scan': 'SCAN#' },
        ...(from && { ExclusiveStartKey: from }),
      }),
    );
    count += page.Count ?? 0;
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return count;
};
