import { Duration } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { FunctionIdentity } from './function-identity';
import { explainFunction } from './function-reasons';
import type { Platform } from './platform';

export interface ZipFunctionProps {
  readonly platform: Platform;
  readonly functionName: string;
  readonly description: string;
  /** Folder with index.js, which exports `handler`. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** @default 15 seconds: the table client gives up after 13; what it says then should reach the log */
  readonly timeout?: Duration;
}

/**
 * A small function without native modules or model: it starts in a fraction of the time of one that classifies. Outside
 * of any VPC, since it touches no scan.
 */
export class ZipFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: ZipFunctionProps) {
    super(scope, id);
    const { role, logGroup } = new FunctionIdentity(this, 'Identity', props.platform);
    this.role = role;
    this.function = new LambdaFunction(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.X86_64,
      code: Code.fromAsset(props.folder),
      handler: 'index.handler',
      // CPU comes with memory: at 128 MB loading the bundle alone would take about a second.
      memorySize: 512,
      timeout: props.timeout ?? Duration.seconds(15),
      environment: props.environment,
      tracing: Tracing.ACTIVE,
      loggingFormat: LoggingFormat.JSON,
      role,
      logGroup,
    });
    explainFunction(this);
  }
}
