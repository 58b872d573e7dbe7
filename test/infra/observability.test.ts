import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEPLOYED, METRICS } from '../../lib/topology';
import { type Deployment, find, findOne, type Resource, ROOT, synthesize } from './synthesize';

let quiet: Deployment;
let told: Deployment;
beforeAll(() => {
  quiet = synthesize();
  told = synthesize({
    alarmEmail: 'ops@example.org',
    packaging: 'layers',
    memoryMegabytes: 3538,
    dailyCostUsd: 3,
    webhookUrl: 'https://hooks.example.org/scans',
  });
});
afterAll(() => {
  quiet.remove();
  told.remove();
});

const alarmsOf = ({ observability }: Deployment) =>
  find(observability, 'AWS::CloudWatch::Alarm').map(([, alarm]) => alarm.Properties);
const alarmOf = (deployment: Deployment, name: string) =>
  alarmsOf(deployment).find(({ AlarmName }) => AlarmName === `sulcus-${name}`);

interface Query {
  readonly Expression?: string;
  readonly MetricStat?: {
    readonly Metric: { readonly Namespace: string; readonly MetricName: string; readonly Dimensions: Dimension[] };
    readonly Stat: string;
  };
}
interface Dimension {
  readonly Name: string;
  readonly Value: string;
}

/** Metrics that an alarm looks at. */
const metricsOf = (alarm: Resource['Properties']): string[] =>
  alarm.Metrics === undefined
    ? [`${alarm.Namespace}/${alarm.MetricName}`]
    : alarm.Metrics.flatMap(({ MetricStat }: Query) =>
        MetricStat === undefined ? [] : [`${MetricStat.Metric.Namespace}/${MetricStat.Metric.MetricName}`],
      );

describe('alarms', () => {
  test('are on errors, dead letters, waiting, latency, throttles, abstaining and cost', () => {
    const watched = Object.fromEntries(
      alarmsOf(quiet).map((alarm) => [alarm.AlarmName, [...new Set(metricsOf(alarm))].toSorted()]),
    );

    expect(watched).toEqual({
      'sulcus-errors': ['AWS/Lambda/Errors'],
      'sulcus-api-errors': ['AWS/ApiGateway/5XXError'],
      'sulcus-dead-letters': ['AWS/SQS/ApproximateNumberOfMessagesVisible'],
      'sulcus-events-late': ['AWS/Lambda/IteratorAge'],
      'sulcus-event-dead-letters': ['AWS/SQS/ApproximateNumberOfMessagesVisible'],
      'sulcus-arrivals-late': ['AWS/SQS/ApproximateAgeOfOldestMessage'],
      'sulcus-latency': ['AWS/ApiGateway/Latency'],
      'sulcus-throttles': ['AWS/Lambda/Throttles'],
      'sulcus-abstain-rate': [
        `${METRICS.namespace}/${METRICS.abstained}`,
        `${METRICS.namespace}/${METRICS.classified}`,
      ],
      'sulcus-cost': ['AWS/Lambda/Duration', 'AWS/Lambda/Invocations'],
    });
  });

  test('are on the dead letters of a webhook where there is one', () => {
    expect(alarmOf(quiet, 'webhook-dead-letters')).toBeUndefined();
    expect(alarmOf(told, 'webhook-dead-letters').Dimensions).toEqual([
      { Name: 'QueueName', Value: DEPLOYED.webhookDeadLetters },
    ]);
  });

  test('tell one topic when they begin and when they end, and are quiet where there is nothing', () => {
    const topics = find(quiet.observability, 'AWS::SNS::Topic').map(([id]) => ({ Ref: id }));

    expect(topics).toHaveLength(1);
    for (const alarm of alarmsOf(quiet)) {
      expect([alarm.AlarmActions, alarm.OKActions]).toEqual([topics, topics]);
      expect(alarm.TreatMissingData).toBe('notBreaching');
    }
  });

  test('go to the configured address, and to nobody without one', () => {
    expect(find(quiet.observability, 'AWS::SNS::Subscription')).toEqual([]);
    expect(findOne(told.observability, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.org',
    });
  });

  test.each([
    ['image', () => quiet],
    ['layers', () => told],
  ] as const)('as %s: look at the functions, queues and API that are deployed, by name', (_, deploymentOf) => {
    const deployment = deploymentOf();
    const names = (id: 'api' | 'ingest' | 'data' | 'events', type: string, property: string): string[] =>
      find(deployment[id], type).flatMap(([, { Properties }]) => Properties[property] ?? []);
    const deployed: Record<string, readonly string[]> = {
      FunctionName: [
        ...names('api', 'AWS::Lambda::Function', 'FunctionName'),
        ...names('ingest', 'AWS::Lambda::Function', 'FunctionName'),
        ...names('events', 'AWS::Lambda::Function', 'FunctionName'),
      ],
      QueueName: [...names('data', 'AWS::SQS::Queue', 'QueueName'), ...names('events', 'AWS::SQS::Queue', 'QueueName')],
      ApiName: names('api', 'AWS::ApiGateway::RestApi', 'Name'),
      Stage: names('api', 'AWS::ApiGateway::Stage', 'StageName'),
      service: [METRICS.service],
    };
    const dimensions = alarmsOf(deployment).flatMap((alarm): Dimension[] => [
      ...(alarm.Dimensions ?? []),
      ...(alarm.Metrics ?? []).flatMap(({ MetricStat }: Query) => MetricStat?.Metric.Dimensions ?? []),
    ]);

    expect(dimensions.length).toBeGreaterThan(10);
    for (const { Name, Value } of dimensions) expect(deployed[Name]).toContain(Value);
  });

  test('the cost is that of the functions, by their memory', () => {
    const cost = (deployment: Deployment) => {
      const alarm = alarmOf(deployment, 'cost');
      const { Expression = '' } = alarm.Metrics.find((query: Query) => query.Expression !== undefined);
      const [, perMs] = /\(d0 \+ d1\) \* (\S+) \+/.exec(Expression) ?? [];
      return { threshold: alarm.Threshold, usdPerMs: Number(perMs) };
    };

    // 1 GB-second is 0.0000166667 USD on x86.
    expect(cost(quiet)).toEqual({ threshold: 10, usdPerMs: expect.closeTo((1769 / 1024) * 1.66667e-8, 13) });
    expect(cost(told)).toEqual({ threshold: 3, usdPerMs: expect.closeTo((3538 / 1024) * 1.66667e-8, 13) });
  });

  test('a rate of few scans says nothing', () => {
    const expressions = alarmOf(quiet, 'abstain-rate').Metrics.flatMap(({ Expression }: Query) => Expression ?? []);

    expect(expressions).toEqual(['IF(scans >= 20, 100 * abstained / scans, 0)']);
  });
});

describe('the runbook', () => {
  const page = (name: string) => join(ROOT, 'docs/runbook', name);

  test('has a page for each alarm, which the alarm names, and lists them all', () => {
    const all = [told.observability, told.api, told.ingest].flatMap((template) =>
      find(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.AlarmDescription as string),
    );
    const named = all.map((description) => /docs\/runbook\/(\S+\.md)/.exec(description)?.[1] ?? description);
    const contents = readFileSync(page('README.md'), 'utf8');

    expect(new Set(named).size).toBe(12);
    for (const name of named) {
      expect(existsSync(page(name))).toBe(true);
      expect(contents).toContain(`](${name})`);
    }
  });
});

test('the dashboard shows the alarms, what scans do, and what they cost', () => {
  const body = JSON.stringify(findOne(quiet.observability, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody);

  for (const text of ['Alarms', 'Scans', 'API latency, ms', 'Compute, USD a day', METRICS.inferenceMs]) {
    expect(body).toContain(text);
  }
});
