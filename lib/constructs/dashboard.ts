import { Duration } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard, GraphWidget, type IAlarm, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Packaging } from '../core/deployment-settings';
import { DEPLOYED, METRICS } from '../topology';
import {
  abstainRate,
  allFunctions,
  apiMetric,
  classifyingFunctions,
  computeCost,
  lambdaMetric,
  queueMetric,
  scanMetric,
} from './deployed-metrics';

export interface OverviewProps {
  readonly alarms: readonly IAlarm[];
  readonly packaging: Packaging;
  readonly memoryMegabytes: number;
  /** Whether there is one. */
  readonly webhook: boolean;
}

const PERIOD = Duration.minutes(5);

const graph = (title: string, left: readonly IMetric[], right: readonly IMetric[] = []): GraphWidget =>
  new GraphWidget({ title, left: [...left], right: [...right], period: PERIOD, width: 8, height: 6 });

/** One page: what people wait for, what fails, what it costs. */
export class Overview extends Construct {
  constructor(scope: Construct, id: string, { alarms, packaging, memoryMegabytes, webhook }: OverviewProps) {
    super(scope, id);
    const each = (name: string, statistic: string) =>
      allFunctions(packaging, webhook).map((functionName) => lambdaMetric(functionName, name, statistic));
    const dashboard = new Dashboard(this, 'Dashboard', { dashboardName: 'sulcus', defaultInterval: Duration.days(1) });
    dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24 }));
    dashboard.addWidgets(
      graph(
        'Scans',
        [METRICS.classified, METRICS.rejected, METRICS.failed].map((name) => scanMetric(name, 'Sum')),
      ),
      graph('Milliseconds a scan', [
        ...[METRICS.decodeMs, METRICS.inferenceMs].flatMap((name) => [
          scanMetric(name, 'p50'),
          scanMetric(name, 'p95'),
        ]),
      ]),
      graph('Without a determination', [abstainRate(Duration.hours(1))], [scanMetric(METRICS.abstained, 'Sum')]),
    );
    dashboard.addWidgets(
      graph('API requests', [apiMetric('Count', 'Sum'), apiMetric('4XXError', 'Sum'), apiMetric('5XXError', 'Sum')]),
      graph('API latency, ms', [apiMetric('Latency', 'p50'), apiMetric('Latency', 'p95'), apiMetric('Latency', 'p99')]),
      graph('Errors and throttles', each('Errors', 'Sum'), each('Throttles', 'Sum')),
    );
    dashboard.addWidgets(
      graph(
        'Arrivals waiting, dead letters',
        [
          ...[DEPLOYED.arrivals, DEPLOYED.deadLetters, DEPLOYED.eventDeadLetters],
          ...(webhook ? [DEPLOYED.webhooks, DEPLOYED.webhookDeadLetters] : []),
        ].map((name) => queueMetric(name, 'ApproximateNumberOfMessagesVisible', 'Maximum').with({ label: name })),
        [queueMetric(DEPLOYED.arrivals, 'ApproximateAgeOfOldestMessage', 'Maximum')],
      ),
      graph(
        'Functions at once',
        classifyingFunctions(packaging).map((name) => lambdaMetric(name, 'ConcurrentExecutions', 'Maximum')),
      ),
      graph('Compute, USD a day', [computeCost(packaging, memoryMegabytes, Duration.days(1))]),
    );
  }
}
