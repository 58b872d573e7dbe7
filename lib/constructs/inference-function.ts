import type { Duration } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import type { Role } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  DockerImageCode,
  DockerImageFunction,
  type FunctionOptions,
  Function as LambdaFunction,
  LayerVersion,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ENV, LAMBDA_MEGABYTES_PER_VCPU } from '../topology';
import { FunctionIdentity } from './function-identity';

export type Packaging = 'image' | 'layers';

/** Folders staged by `npm run build`. */
export interface InferenceAssets {
  readonly functionFolder: string;
  readonly nativeRuntimeLayer: string;
  readonly modelLayer: string;
  /** Context of `docker build`, with the Dockerfile. */
  readonly imageFolder: string;
}

export interface InferenceFunctionProps {
  readonly description: string;
  /** Its folder in the image: with `image`, the command is `<handlerFolder>/index.handler`. */
  readonly handlerFolder: string;
  /** `image` needs Docker when deploying; `layers` needs none. Both carry the same files at the same paths. */
  readonly packaging: Packaging;
  readonly assets: InferenceAssets;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Whole vCPUs, by memory, one inference thread each. Two threads run a scan 1.7 times as fast at twice the price, so one is the
   * cheapest scan.
   * @default 1
   */
  readonly vcpus?: number;
}

/** A function with onnxruntime-node, sharp and the model below /opt, on linux x64. */
export class InferenceFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: InferenceFunctionProps) {
    super(scope, id);
    const { assets, handlerFolder, packaging, vcpus = 1 } = props;
    const { role, logGroup } = new FunctionIdentity(this, 'Identity');
    this.role = role;
    const options: FunctionOptions & { readonly architecture: Architecture } = {
      description: props.description,
      architecture: Architecture.X86_64,
      // The handlers take their threads from it. One vCPU's is enough: the process peaks at 240 MB with ViT-B, plus 150 MB
      // of pixels.
      memorySize: vcpus * LAMBDA_MEGABYTES_PER_VCPU,
      timeout: props.timeout,
      environment: {
        ...props.environment,
        [ENV.modelFolder]: '/opt/model',
        ORT_DISABLE_TELEMETRY: '1',
      },
      tracing: Tracing.ACTIVE,
      loggingFormat: LoggingFormat.JSON,
      role,
      logGroup,
    };
    this.function =
      packaging === 'image'
        ? new DockerImageFunction(this, 'Function', {
            ...options,
            // Commands belong to the function, not to the asset: all functions share one image, built and pushed once.
            // The Dockerfile pins the platform too: an image built for the laptop's would only fail when invoked.
            code: DockerImageCode.fromImageAsset(assets.imageFolder, {
              platform: Platform.LINUX_AMD64,
              cmd: [`${handlerFolder}/index.handler`],
            }),
          })
        : new LambdaFunction(this, 'Function', {
            ...options,
            runtime: Runtime.NODEJS_24_X,
            code: Code.fromAsset(assets.functionFolder),
            handler: 'index.handler',
            layers: [this.layer('NativeRuntime', assets.nativeRuntimeLayer), this.layer('Model', assets.modelLayer)],
          });
  }

  /**
   * Layers belong to their function. Shared across stacks they would be exports, and CloudFormation refuses to change
   * an export in use, which is what every new model would need.
   */
  private layer(id: string, folder: string): LayerVersion {
    return new LayerVersion(this, id, {
      code: Code.fromAsset(folder),
      compatibleRuntimes: [Runtime.NODEJS_24_X],
      compatibleArchitectures: [Architecture.X86_64],
    });
  }
}
