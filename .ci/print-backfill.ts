import { backfillDefinition } from '../lib/constructs/backfill-definition';

console.log(
  JSON.stringify(
    backfillDefinition({
      partition: 'aws',
      functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:backfill',
      resultBucket: 'reports',
    }),
  ),
);
