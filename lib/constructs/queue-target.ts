import type { Rule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';

/** Lets EventBridge send to the queue for this rule or bus, and for nothing else. */
export const letEventsSend = (queue: Queue, sourceArn: string): void => {
  queue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': sourceArn } },
    }),
  );
};

/**
 * What the rule matches goes to the queue; what EventBridge cannot deliver in a day waits with the dead letters, in the same
 * form. The CDK's own target would write the rule into the policy of the queue's key.
 */
export const sendToQueue = (rule: Rule, queue: Queue, deadLetters: Queue): void => {
  rule.addTarget({
    bind: () => ({ arn: queue.queueArn, deadLetterConfig: { arn: deadLetters.queueArn } }),
  });
  for (const target of [queue, deadLetters]) letEventsSend(target, rule.ruleArn);
};
