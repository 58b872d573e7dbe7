import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Packaging } from '../core/deployment-settings';
import { DEPLOYED } from '../topology';
import {
  abstainRate,
  allFunctions,
  apiMetric,
  classifyingFunctions,
  computeCost,
  lambdaMetric,
  queueMetric,
  sumOver,
} from './deployed-metrics';

export interface AlarmsProps {
  readonly topic: ITopic;
  readonly packaging: Packaging;
  readonly memoryMegabytes: number;
  /** Whether there is one. */
  readonly webhook: boolean;
  /** US dollars of compute in a day. */
  readonly dailyCostUsd: number;
}

interface AlarmPlan {
  /** Also its page: docs/runbook/<name>.md. */
  readonly name: string;
  readonly what: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** Periods out of so many. @default 1 of 1 */
  readonly periods?: readonly [number, number];
}

const MINUTES = Duration.minutes(5);

const waitingIn = (queue: string): IMetric =>
  queueMetric(queue, 'ApproximateNumberOfMessagesVisible', 'Maximum').with({ period: MINUTES });

/** What a person is told of. Each has a page that says what it means and what to do. */
const plansOf = ({ packaging, memoryMegabytes, webhook, dailyCostUsd }: AlarmsProps): readonly AlarmPlan[] => [
  {
    name: 'errors',
    what: 'A function failed.',
    metric: sumOver(allFunctions(packaging, webhook), 'Errors', MINUTES),
    threshold: 1,
  },
  {
    name: 'api-errors',
    what: 'The API answered 5xx.',
    metric: apiMetric('5XXError', 'Sum').with({ period: MINUTES }),
    threshold: 1,
  },
  {
    name: 'dead-letters',
    what: 'Scans failed five times and wait for a person.',
    metric: waitingIn(DEPLOYED.deadLetters),
    threshold: 1,
  },
  {
    name: 'events-late',
    what: 'A result has waited for its event for more than 15 minutes.',
    metric: lambdaMetric(DEPLOYED.publishResults, 'IteratorAge', 'Maximum').with({ period: MINUTES }),
    threshold: 900_000,
  },
  {
    name: 'event-dead-letters',
    what: 'The event bus did not take events of results.',
    metric: waitingIn(DEPLOYED.eventDeadLetters),
    threshold: 1,
  },
  ...(webhook
    ? [
        {
          name: 'webhook-dead-letters',
          what: 'The webhook did not take events of results.',
          metric: waitingIn(DEPLOYED.webhookDeadLetters),
          threshold: 1,
        },
      ]
    : []),
  {
    name: 'arrivals-late',
    what: 'A scan has waited for more than 15 minutes.',
    metric: queueMetric(DEPLOYED.arrivals, 'ApproximateAgeOfOldestMessage', 'Maximum').with({ period: MINUTES }),
    threshold: 900,
  },
  {
    name: 'latency',
    what: 'One of twenty requests took 5 s or more, for a quarter of an hour.',
    metric: apiMetric('Latency', 'p95').with({ period: MINUTES }),
    threshold: 5000,
    periods: [3, 3],
  },
  {
    name: 'throttles',
    what: 'Lambda had no room for a function.',
    metric: sumOver(classifyingFunctions(packaging), 'Throttles', MINUTES),
    threshold: 1,
    periods: [2, 3],
  },
  {
    name: 'abstain-rate',
    what: 'The model gave no determination for more than a quarter of an hour of scans.',
    metric: abstainRate(Duration.hours(1)),
    threshold: 25,
  },
  {
    name: 'cost',
    what: `Compute of a day cost ${dailyCostUsd} USD or more.`,
    metric: computeCost(packaging, memoryMegabytes, Duration.days(1)),
    threshold: dailyCostUsd,
  },
];

/** All alarms, to one topic. */
export class Alarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const action = new SnsAction(props.topic);
    this.alarms = plansOf(props).map(({ name, what, metric, threshold, periods: [breaching, periods] = [1, 1] }) => {
      const alarm = new Alarm(this, name, {
        alarmName: `sulcus-${name}`,
        alarmDescription: `${what} What to do: docs/runbook/${name}.md`,
        metric,
        threshold,
        datapointsToAlarm: breaching,
        evaluationPeriods: periods,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
      return alarm;
    });
  }
}
