import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ResultEvents } from '../constructs/result-events';
import { Webhook } from '../constructs/webhook';
import type { Settings } from '../core/deployment-settings';
import type { DataStack } from './data-stack';

export interface EventsStackProps extends StackProps {
  readonly settings: Settings;
  readonly data: DataStack;
  readonly publishFolder: string;
  readonly deliverFolder: string;
}

/** What is told of results: an event each on a bus and, with `webhookUrl`, a signed POST. */
export class EventsStack extends Stack {
  constructor(scope: Construct, id: string, props: EventsStackProps) {
    super(scope, id, props);
    const { settings, data } = props;
    const { platform, key, results } = data;
    const { bus } = new ResultEvents(this, 'Events', { platform, key, results, folder: props.publishFolder });
    new CfnOutput(this, 'EventBusName', { value: bus.eventBusName, description: 'An event for each final result.' });
    const { webhookUrl: url } = settings;
    if (url === null) return;
    const { secret } = new Webhook(this, 'Webhook', { platform, key, bus, url, folder: props.deliverFolder });
    new CfnOutput(this, 'WebhookSecretArn', {
      value: secret.secretArn,
      description: 'The secret that signs webhooks: give it to the receiver.',
    });
  }
}
