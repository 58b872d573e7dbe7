import { ArnFormat, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { BACKFILL, DEPLOYED } from '../topology';
import { acknowledge, OBJECTS_BY_PATTERN } from './acknowledge';
import { backfillDefinition } from './backfill-definition';
import type { Platform } from './platform';

export interface BackfillProps {
  readonly platform: Platform;
  /** What classifies a batch. */
  readonly classify: Alias;
  /** ARNs of the buckets that may be listed. */
  readonly sources: readonly string[];
  /** Where results of map runs go. It announces nothing, so they are no scans. */
  readonly results: IBucket;
}

/** How cdk-nag writes the log bucket's ARN in the policies of other stacks: by the name of its export. */
const RESULT_BUCKET = 'SulcusData:ExportsOutputFnGetAttLogsBucket5C52C3D2ArnA8FDCCC5';

/**
 * The state machine behind `sulcus backfill s3://…`: a distributed map over a listing. It costs nothing while nobody
 * starts it. What it keeps of an execution are names of objects and codes, encrypted by Step Functions.
 */
export class Backfill extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: BackfillProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const logs = new LogGroup(this, 'Logs', {
      encryptionKey: props.platform.key,
      retention: props.platform.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
    });
    const definition = backfillDefinition({
      partition: stack.partition,
      functionArn: props.classify.functionArn,
      resultBucket: props.results.bucketName,
    });
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: DEPLOYED.backfill,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(stack.toJsonString(definition)),
      role,
      // 100 million scans at the default concurrency take days; a run that hangs must not stay for a year.
      timeout: Duration.days(90),
      // Without data: inputs and outputs hold names of people's files.
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
      tracingEnabled: true,
    });
    this.grant(role, props);
    this.explain();
  }

  private grant(role: Role, { classify, sources, results }: BackfillProps): void {
    const stack = Stack.of(this);
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [classify.functionArn] }));
    role.addToPolicy(new PolicyStatement({ actions: ['s3:ListBucket'], resources: [...sources] }));
    role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:PutObject', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
        resources: [results.arnForObjects(`${BACKFILL.resultPrefix}/*`)],
      }),
    );
    // A distributed map starts executions of its own state machine; by name, since the machine waits for its role.
    const arnOf = (resource: string, resourceName: string) =>
      stack.formatArn({ service: 'states', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['states:StartExecution'],
        resources: [arnOf('stateMachine', DEPLOYED.backfill)],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['states:DescribeExecution', 'states:StopExecution', 'states:RedriveExecution'],
        resources: [arnOf('execution', `${DEPLOYED.backfill}/*`), arnOf('execution', `${DEPLOYED.backfill}:*`)],
      }),
    );
  }

  private explain(): void {
    const { partition, region, account } = Stack.of(this);
    const shown = (value: string, name: string) => (Token.isUnresolved(value) ? `<AWS::${name}>` : value);
    const executions = `arn:${shown(partition, 'Partition')}:states:${shown(region, 'Region')}:${shown(account, 'AccountId')}:execution:${DEPLOYED.backfill}`;
    const itsExecutions =
      'Executions of this state machine are not known before they run; the actions are named one by one.';
    acknowledge(this, {
      'AwsSolutions-IAM5[Resource::*]': 'Deliveries of logs and traces know no resources: their actions take * alone.',
      'HIPAA.Security-IAMNoInlinePolicy':
        'The policy belongs to the role of one state machine and goes with it; a managed one could be attached elsewhere.',
      [`AwsSolutions-IAM5[Resource::${RESULT_BUCKET}/${BACKFILL.resultPrefix}/*]`]: OBJECTS_BY_PATTERN,
      [`AwsSolutions-IAM5[Resource::${executions}/*]`]: itsExecutions,
      [`AwsSolutions-IAM5[Resource::${executions}:*]`]: itsExecutions,
    });
  }
}
