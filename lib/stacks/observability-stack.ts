import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { acknowledge } from '../constructs/acknowledge';
import { Alarms } from '../constructs/alarms';
import { Overview } from '../constructs/dashboard';
import type { Settings } from '../core/deployment-settings';

export interface ObservabilityStackProps extends StackProps {
  readonly settings: Settings;
}

/** Alarms, who is told of them, and the dashboard. It refers to nothing in the other stacks, so none waits for it. */
export class ObservabilityStack extends Stack {
  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, props);
    const { packaging, memoryMegabytes, dailyCostUsd, alarmEmail, webhookUrl } = props.settings;
    const functions = { packaging, memoryMegabytes, webhook: webhookUrl !== null };
    const topic = new Topic(this, 'AlarmTopic', { displayName: 'Sulcus alarms', enforceSSL: true });
    acknowledge(topic, {
      'HIPAA.Security-SNSEncryptedKMS':
        'Alarms hold names of metrics and numbers, nothing of a scan, and go out by e-mail; CloudWatch could not use the AWS key.',
    });
    if (alarmEmail !== null) topic.addSubscription(new EmailSubscription(alarmEmail));
    const { alarms } = new Alarms(this, 'Alarms', { ...functions, topic, dailyCostUsd });
    new Overview(this, 'Overview', { ...functions, alarms });
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn, description: 'Subscribe who is to hear of alarms.' });
  }
}
