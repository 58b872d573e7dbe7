import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { Alias, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { DEPLOYED } from '../topology';
import { acknowledge } from './acknowledge';

export interface ReleaseProps {
  readonly function: LambdaFunction;
  readonly functionName: string;
}

/**
 * Traffic goes to an alias. A deployment publishes a version and CodeDeploy moves the alias: 10 % for ten minutes, then
 * the rest; errors of the function in that time bring it back. Earlier versions are kept, for `sulcus rollback`.
 */
export class Release extends Construct {
  readonly alias: Alias;

  constructor(scope: Construct, id: string, props: ReleaseProps) {
    super(scope, id);
    this.alias = new Alias(this, 'Live', { aliasName: DEPLOYED.alias, version: props.function.currentVersion });
    const application = new LambdaApplication(this, 'Application', { applicationName: props.functionName });
    const group = new LambdaDeploymentGroup(this, 'Group', {
      application,
      deploymentGroupName: DEPLOYED.alias,
      alias: this.alias,
      deploymentConfig: LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
      alarms: [this.errors()],
    });
    acknowledge(group, {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]':
        "AWS's own policy for this service role, the limited one: aliases, alarms and hooks.",
    });
  }

  /** Of the alias, so of the old version and the new one together: one error in ten minutes is one too many. */
  private errors(): Alarm {
    const alarm = new Alarm(this, 'ReleaseErrors', {
      alarmDescription: 'Errors while a release shifts traffic: it goes back. See docs/runbook/release.md.',
      metric: this.alias.metricErrors({ period: Duration.minutes(1), statistic: 'Sum' }),
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    acknowledge(alarm, {
      'HIPAA.Security-CloudWatchAlarmAction':
        'CodeDeploy reads it while it shifts traffic; the alarm of all errors tells people.',
    });
    return alarm;
  }
}

/** Versions outlive the deployment that made them: a release goes back to one. */
export const KEEP_VERSIONS = { removalPolicy: RemovalPolicy.RETAIN } as const;
