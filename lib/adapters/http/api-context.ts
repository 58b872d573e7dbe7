import type { Context, Hono } from 'hono';
import type { ClassifyScanDeps } from '../../core/classify-scan';
import type { KeyLimits } from '../../core/key-limits';
import type { Meter } from '../../core/meter-scan';
import type { ModelManifest } from '../../core/model-manifest';
import type { Logger, ResultStore, ScanStore } from '../../core/ports';
import type { ServedModel } from '../../core/served-models';

/** Who asks, as whoever is in front of the app (API Gateway, the embedded cloud) found out. */
export interface Caller {
  readonly requestId: string;
  /** Public id of the API key; null on routes that need none. */
  readonly apiKeyId: string | null;
  /** What that key may use. @default no limits */
  readonly limits?: KeyLimits;
  /** ISO 8601: from then on the key is refused, also when an authorizer's answer was kept longer. @default never */
  readonly keyExpiresAt?: string | null;
}

export interface PublicApiDeps {
  readonly logger: Logger;
  /** Origins whose pages may call the API; empty for none, `*` for all. */
  readonly corsOrigins: readonly string[];
  readonly identify: (context: Context) => Caller;
  /** What precedes `/v1` in the URLs callers use, such as API Gateway's `/prod`. @default '' */
  readonly basePath?: (context: Context) => string;
}

export interface ApiDeps extends PublicApiDeps {
  readonly classify: ClassifyScanDeps;
  /** Reads the manifest without opening the model. @default the opened model's */
  readonly manifest?: () => Promise<ModelManifest>;
  /** Bundles beside that one, under /v1/models/{name}. @default none */
  readonly models?: readonly ServedModel[];
  readonly results: ResultStore;
  readonly scans: ScanStore;
  readonly bucketName: string;
  readonly meter: Meter;
  /** Whether results are written beside scans. @default false */
  readonly resultObjects?: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface ApiEnv {
  Variables: { caller: Caller };
}

export type ApiApp = Hono<ApiEnv>;
export type ApiContext = Context<ApiEnv>;
