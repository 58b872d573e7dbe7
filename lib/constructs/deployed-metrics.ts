import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Packaging } from '../core/deployment-settings';
import { DEPLOYED, METRICS } from '../topology';

/**
 * Metrics by the names of what is deployed. Names and no references: an export in use could not be changed, which
 * another packaging would need.
 */
const aws = (namespace: string, metricName: string, statistic: string, dimensionsMap: Record<string, string>) =>
  new Metric({ namespace: `AWS/${namespace}`, metricName, statistic, dimensionsMap });

export const lambdaMetric = (functionName: string, name: string, statistic: string): Metric =>
  aws('Lambda', name, statistic, { FunctionName: functionName }).with({ label: `${functionName} ${name}` });

export const apiMetric = (name: string, statistic: string): Metric =>
  aws('ApiGateway', name, statistic, { ApiName: DEPLOYED.apiName, Stage: DEPLOYED.stage });

export const queueMetric = (queueName: string, name: string, statistic: string): Metric =>
  aws('SQS', name, statistic, { QueueName: queueName });

/** Of all functions: what their scan lines carry (lib/adapters/logging). */
export const scanMetric = (metricName: string, statistic: string): Metric =>
  new Metric({ namespace: METRICS.namespace, metricName, statistic, dimensionsMap: { service: METRICS.service } });

export const classifyingFunctions = (packaging: Packaging): readonly string[] => [
  DEPLOYED.classifyApi[packaging],
  DEPLOYED.classifyUpload[packaging],
  DEPLOYED.backfillScans[packaging],
];

export const allFunctions = (packaging: Packaging, webhook: boolean): readonly string[] => [
  ...classifyingFunctions(packaging),
  DEPLOYED.authorize,
  DEPLOYED.describe,
  DEPLOYED.publishResults,
  ...(webhook ? [DEPLOYED.deliverWebhook] : []),
];

/** The sum of one metric over functions. */
export const sumOver = (functions: readonly string[], name: string, period: Duration): MathExpression => {
  const metrics = functions.map((functionName) => lambdaMetric(functionName, name, 'Sum'));
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]));
  return new MathExpression({ expression: Object.keys(usingMetrics).join(' + '), usingMetrics, period, label: name });
};

/** Scans without a determination, out of a hundred; 0 while fewer than 20 say too little. */
export const abstainRate = (period: Duration): MathExpression =>
  new MathExpression({
    expression: 'IF(scans >= 20, 100 * abstained / scans, 0)',
    usingMetrics: { scans: scanMetric(METRICS.classified, 'Sum'), abstained: scanMetric(METRICS.abstained, 'Sum') },
    period,
    label: 'abstained, %',
  });

/** US dollars of a GB-second and of a request on x86, at list price in most regions; see docs/runbook/cost.md. */
const USD_PER_GB_SECOND = 0.0000166667;
const USD_PER_REQUEST = 0.0000002;

/** US dollars of Lambda compute: duration times memory, and requests. */
export const computeCost = (packaging: Packaging, memoryMegabytes: number, period: Duration): MathExpression => {
  const usingMetrics: Record<string, Metric> = {};
  for (const [index, functionName] of classifyingFunctions(packaging).entries()) {
    usingMetrics[`d${index}`] = lambdaMetric(functionName, 'Duration', 'Sum');
    usingMetrics[`n${index}`] = lambdaMetric(functionName, 'Invocations', 'Sum');
  }
  const usdPerMs = ((memoryMegabytes / 1024) * USD_PER_GB_SECOND) / 1000;
  return new MathExpression({
    // In decimals: CloudWatch's expressions would take the e of 2e-8 for a name.
    expression: `(d0 + d1) * ${usdPerMs.toFixed(15)} + (n0 + n1) * ${USD_PER_REQUEST.toFixed(7)}`,
    usingMetrics,
    period,
    label: 'compute, USD',
  });
};
