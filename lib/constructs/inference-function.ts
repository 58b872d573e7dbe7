import { type Duration, Validations } from 'aws-cdk-lib';
import { Platform as ImagePlatform } from 'aws-cdk-lib/aws-ecr-assets';
import type { Role } from 'aws-cdk-lib/aws-iam';
import {
  type Alias,
  Architecture,
  Code,
  DockerImageCode,
  DockerImageFunction,
  type FunctionOptions,
  Function as LambdaFunction,
  LayerVersion,
  LoggingFormat,
  Runtime,
  SnapStartConf,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Packaging } from '../core/deployment-settings';
import { ENV } from '../topology';
import { FunctionIdentity } from './function-identity';
import { explainFunction, explainNoVpc } from './function-reasons';
import type { Platform } from './platform';
import { KEEP_VERSIONS, Release } from './release';

/** Folders staged by `npm run build`. */
export interface InferenceAssets {
  readonly functionFolder: string;
  readonly nativeRuntimeLayer: string;
  readonly modelLayer: string;
  /** Context of `docker build`, with the Dockerfile, in which each function is a stage of its handler's folder's name. */
  readonly imageFolder: string;
  /** What the image is built from, pinned by digest; a name that cannot be built from where nobody has pinned it. */
  readonly baseImage: string;
  /** Name, version and digest of the bundle, for people who look at versions of the function. */
  readonly model: string;
}

export interface InferenceFunctionProps {
  readonly platform: Platform;
  readonly functionName: string;
  readonly description: string;
  /** Its folder in the image: with `image`, the command is `<handlerFolder>/index.handler`. */
  readonly handlerFolder: string;
  /** `image` needs Docker when deploying; `layers` needs none. Both carry the same files at the same paths. */
  readonly packaging: Packaging;
  readonly assets: InferenceAssets;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  /**
   * The one number: Lambda gives a vCPU for each 1769 MB, and the handlers take their threads from it. Two threads run a
   * scan 1.7 times as fast at twice the price, so one vCPU's is the cheapest scan; and it is enough: the process peaks at
   * 240 MB with ViT-B, plus 150 MB of pixels.
   */
  readonly memoryMegabytes: number;
  /** @default false */
  readonly snapStart?: boolean;
}

/** A function with onnxruntime-node, sharp and the model below /opt, on linux x64, behind an alias. */
export class InferenceFunction extends Construct {
  readonly function: LambdaFunction;
  /** What events and requests go to. */
  readonly alias: Alias;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: InferenceFunctionProps) {
    super(scope, id);
    const { platform, functionName, assets } = props;
    const { role, logGroup } = new FunctionIdentity(this, 'Identity', platform);
    this.role = role;
    const options: FunctionOptions & { readonly architecture: Architecture } = {
      functionName,
      description: props.description,
      architecture: Architecture.X86_64,
      memorySize: props.memoryMegabytes,
      timeout: props.timeout,
      environment: {
        ...props.environment,
        [ENV.modelFolder]: '/opt/model',
        ORT_DISABLE_TELEMETRY: '1',
      },
      tracing: Tracing.ACTIVE,
      loggingFormat: LoggingFormat.JSON,
      snapStart: props.snapStart ? SnapStartConf.ON_PUBLISHED_VERSIONS : undefined,
      vpc: platform.vpc,
      currentVersionOptions: { ...KEEP_VERSIONS, description: assets.model },
      role,
      logGroup,
    };
    this.function = props.packaging === 'image' ? this.fromImage(options, props) : this.fromLayers(options, assets);
    this.alias = new Release(this, 'Release', { function: this.function, functionName }).alias;
    if (props.snapStart) {
      Validations.of(this.function).acknowledge({
        id: 'Annotation::@aws-cdk/aws-lambda:snapStartRequirePublish',
        reason: 'Every deployment publishes a version; traffic goes to it by the alias.',
      });
    }
    explainFunction(this);
    if (platform.vpc === undefined) explainNoVpc(this);
  }

  private fromImage(options: FunctionOptions, { assets, handlerFolder }: InferenceFunctionProps): LambdaFunction {
    return new DockerImageFunction(this, 'Function', {
      ...options,
      // The stages share all but the handler, which a registry keeps once.
      // The Dockerfile pins the platform too: an image built for the laptop's would only fail when invoked.
      code: DockerImageCode.fromImageAsset(assets.imageFolder, {
        platform: ImagePlatform.LINUX_AMD64,
        target: handlerFolder,
        buildArgs: { BASE_IMAGE: assets.baseImage },
        cmd: [`${handlerFolder}/index.handler`],
      }),
    });
  }

  private fromLayers(options: FunctionOptions, assets: InferenceAssets): LambdaFunction {
    return new LambdaFunction(this, 'Function', {
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
