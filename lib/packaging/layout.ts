import { join } from 'node:path';

/** Where the build leaves what the stacks deploy; bin/app.ts hands these folders to the constructs. */
export interface Dist {
  readonly functions: (name: FunctionName) => string;
  readonly nativeRuntimeLayer: string;
  readonly modelLayer: string;
  readonly image: string;
  /** Records of what was staged from what: beside the assets, never inside one. */
  readonly stamps: string;
  /** npm installs the other platform's native modules here when this machine is not linux x64. */
  readonly fetched: string;
}

export type FunctionName =
  | 'classify-api'
  | 'classify-upload'
  | 'backfill-scans'
  | 'authorize'
  | 'describe'
  | 'publish-results'
  | 'deliver-webhook';

export const distOf = (root: string): Dist => {
  const dist = join(root, 'dist');
  return {
    functions: (name) => join(dist, 'functions', name),
    nativeRuntimeLayer: join(dist, 'layers', 'native-runtime'),
    modelLayer: join(dist, 'layers', 'model'),
    image: join(dist, 'image'),
    stamps: join(dist, 'stamps'),
    fetched: join(dist, 'fetched'),
  };
};

/** Lambda mounts layers under /opt and the image copies them there: these are the paths inside both. */
export const OPT = {
  modules: 'nodejs/node_modules',
  model: 'model',
} as const;

export interface FunctionPlan {
  readonly name: FunctionName;
  /** Modules the layer (or image) brings, so the bundle requires them instead of carrying them. */
  readonly native: readonly string[];
  readonly ceilingBytes: number;
  /** Why the ceiling stands where it does. */
  readonly reason: string;
}

const NATIVE_MODULES = ['onnxruntime-node', 'sharp'] as const;

export const FUNCTIONS: readonly FunctionPlan[] = [
  {
    name: 'classify-api',
    native: NATIVE_MODULES,
    // 0.2 of it is Powertools' tracer, which brings the X-Ray SDK.
    ceilingBytes: 1_650_000,
    reason: 'two AWS clients, Hono, zod, Powertools; above this something that a request never needs came along',
  },
  {
    name: 'classify-upload',
    native: NATIVE_MODULES,
    ceilingBytes: 1_550_000,
    reason: 'two AWS clients, zod and Powertools, no web framework',
  },
  {
    name: 'backfill-scans',
    native: NATIVE_MODULES,
    ceilingBytes: 1_550_000,
    reason: "what classify-upload carries; the client of Step Functions is the command line's",
  },
  {
    name: 'authorize',
    native: [],
    ceilingBytes: 1_100_000,
    reason: 'runs before every request: one AWS client and no model',
  },
  {
    name: 'describe',
    native: [],
    ceilingBytes: 600_000,
    reason: 'answers health checks: Hono and the schemas, no AWS client, no model',
  },
  {
    name: 'publish-results',
    native: [],
    ceilingBytes: 1_500_000,
    reason: 'reads items and publishes events: two AWS clients and zod',
  },
  {
    name: 'deliver-webhook',
    native: [],
    ceilingBytes: 1_000_000,
    reason: 'signs and sends: two AWS clients and zod, no table',
  },
];
