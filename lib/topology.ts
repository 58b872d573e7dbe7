/**
 * What the stacks, the functions and the embedded cloud must agree on: routes, prefixes, limits, environment names.
 * One value, importing nothing, so that neither side can drift.
 */

/** Environment variables the handlers read (lib/adapters/config) and the stacks or the embedded cloud set. */
export const ENV = {
  tableName: 'SULCUS_TABLE',
  bucketName: 'SULCUS_BUCKET',
  modelFolder: 'SULCUS_MODEL_FOLDER',
  corsOrigins: 'SULCUS_CORS_ORIGINS',
  maxReceiveCount: 'SULCUS_MAX_RECEIVE_COUNT',
  uploadUrlSeconds: 'SULCUS_UPLOAD_URL_SECONDS',
  tombstoneDays: 'SULCUS_TOMBSTONE_DAYS',
  /** Days a result is kept; unset for ever. */
  retentionDays: 'SULCUS_RETENTION_DAYS',
  /** on or off (default): write each result as JSON beside its scan. */
  resultObjects: 'SULCUS_RESULT_OBJECTS',
  /** apiKey (default) or jwt: what the authorizer checks. */
  auth: 'SULCUS_AUTH',
  jwtIssuer: 'SULCUS_JWT_ISSUER',
  jwtAudience: 'SULCUS_JWT_AUDIENCE',
  jwksUri: 'SULCUS_JWKS_URI',
  threads: 'SULCUS_THREADS',
  /** auto (default), on or off: products that cannot saturate, for x64 CPUs without VNNI. */
  exactProducts: 'SULCUS_EXACT_PRODUCTS',
  /** auto (default), on or off: rearrange the weights when the model is opened. */
  prepack: 'SULCUS_PREPACK',
  busName: 'SULCUS_EVENT_BUS',
  webhookUrl: 'SULCUS_WEBHOOK_URL',
  /** Name or ARN of the secret that signs webhooks, in Secrets Manager; the secret itself is in no environment on AWS. */
  webhookSecretId: 'SULCUS_WEBHOOK_SECRET_ID',
  webhookQueueUrl: 'SULCUS_WEBHOOK_QUEUE_URL',
  /** The secret itself: on a laptop only. */
  webhookSecret: 'SULCUS_WEBHOOK_SECRET',
  /** Set by Lambda itself. */
  lambdaMegabytes: 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
} as const;

/** Lambda gives CPU time by memory: one vCPU for so many MB. */
export const LAMBDA_MEGABYTES_PER_VCPU = 1769;

/** Objects under this prefix were announced by POST /v1/scans: `uploads/<scanId>`. */
export const UPLOAD_PREFIX = 'uploads/';

/** What a result that is written beside its scan adds to the scan's key; an object named so is no scan. */
export const RESULT_SUFFIX = '.sulcus.json';

/** Routes that answer without an API key; everything else is behind the authorizer. */
export const PUBLIC_ROUTES = ['/v1/health', '/v1/openapi.json', '/v1/asyncapi.json'] as const;

/** Routes behind the key, as API Gateway resources and as documented in OpenAPI. */
export const KEYED_ROUTES = [
  { method: 'POST', path: '/v1/classify' },
  { method: 'POST', path: '/v1/features' },
  { method: 'POST', path: '/v1/scans' },
  { method: 'GET', path: '/v1/scans' },
  { method: 'GET', path: '/v1/scans/{scanId}' },
  { method: 'DELETE', path: '/v1/scans/{scanId}' },
  { method: 'GET', path: '/v1/model' },
  { method: 'GET', path: '/v1/models' },
  { method: 'GET', path: '/v1/models/{name}' },
  { method: 'POST', path: '/v1/models/{name}/classify' },
  { method: 'POST', path: '/v1/models/{name}/features' },
  { method: 'POST', path: '/models/{name}' },
  { method: 'GET', path: '/v1/usage' },
] as const;

/** Content types API Gateway must hand over as bytes; JSON stays text. */
export const BINARY_MEDIA_TYPES = ['image/*', 'application/octet-stream'] as const;

export const LIMITS = {
  /**
   * Lambda takes a 6 MB (6,291,456 B) event and API Gateway base64-encodes image bodies (+1/3), which leaves
   * 4.5 MB of image beside the event's own fields. The embedded cloud enforces the same.
   */
  apiImageBytes: 4_500_000,
  /** The whole request body: a JSON body carries the same image as base64. */
  apiBodyBytes: 6_100_000,
  /** An uploaded object; larger ones are rejected unread. */
  uploadBytes: 64 * 1024 * 1024,
  /** Width times height after decoding; 50 million RGB pixels take 150 MB. */
  imagePixels: 50_000_000,
  /** SQS receives before the dead-letter queue; 5 keeps a throttled message from looking like poison. */
  maxReceiveCount: 5,
  /** A queue keeps a message 14 days at most, in the dead-letter queue too; tombstones outlive both. */
  queueRetentionDays: 14,
  tombstoneDays: 30,
  uploadUrlSeconds: 900,
  storedScores: 20,
} as const;

/** Names of the table's indexes and keys; the adapter queries what the construct creates. */
export const TABLE = {
  partitionKey: 'pk',
  sortKey: 'sk',
  ttl: 'expiresAt',
  /** What the partition key of a scan's item begins with. */
  scans: 'SCAN#',
  indexes: [
    { name: 'newest', partitionKey: 'newestPk', sortKey: 'position' },
    { name: 'by-label', partitionKey: 'labelPk', sortKey: 'position' },
    { name: 'by-state', partitionKey: 'statePk', sortKey: 'position' },
    { name: 'by-key', partitionKey: 'keyPk', sortKey: 'position' },
  ],
} as const;

/** Names of deployed things that no stack hands to another: alarms, the dashboard and the CLI find them by name. */
export const DEPLOYED = {
  apiName: 'sulcus',
  stage: 'live',
  /** The alias that traffic goes to; a release moves it from version to version. */
  alias: 'live',
  arrivals: 'sulcus-arrivals',
  deadLetters: 'sulcus-dead-letters',
  eventBus: 'sulcus',
  /** Where results stand whose events the bus did not take. */
  eventDeadLetters: 'sulcus-event-dead-letters',
  webhooks: 'sulcus-webhooks',
  webhookDeadLetters: 'sulcus-webhook-dead-letters',
  authorize: 'sulcus-authorize',
  describe: 'sulcus-describe',
  publishResults: 'sulcus-publish-results',
  deliverWebhook: 'sulcus-deliver-webhook',
  /** With the packaging in it: another packaging replaces the function, and the new one needs a name of its own. */
  classifyApi: { image: 'sulcus-classify-api-image', layers: 'sulcus-classify-api-layers' },
  classifyUpload: { image: 'sulcus-classify-upload-image', layers: 'sulcus-classify-upload-layers' },
  backfillScans: { image: 'sulcus-backfill-scans-image', layers: 'sulcus-backfill-scans-layers' },
  backfill: 'sulcus-backfill',
} as const;

/** How an invocation works through the scans of its batch. */
export const SCANNING = {
  /** One is computed, the other waits for S3 and DynamoDB. */
  atOnce: 2,
  /**
   * Time left without which no further scan is started. The slowest takes about 12 s (64 MB read, 50 million pixels
   * decoded), after another one that is as slow.
   */
  budgetMs: 30_000,
} as const;

/** A backfill on AWS: what its definition, its function and the command line agree on. */
export const BACKFILL = {
  /** Objects an invocation works on. */
  batchItems: 50,
  /** Batches at once, unless told otherwise; uploads and the API have their own functions, but share the account's. */
  concurrency: 50,
  /** Of one map run, by Step Functions. */
  maxConcurrency: 10_000,
  /** Objects that one map run lists, by Step Functions. */
  maxItems: 100_000_000,
  /** Share of a run's objects that may fail before it stops. */
  toleratedFailurePercentage: 10,
  /** Where the results of map runs are written, in the log bucket. */
  resultPrefix: 'backfill',
  /** An error's cause has at most 32,768 characters in Step Functions. */
  causeCharacters: 30_000,
} as const;

/** Names in the metrics that every scan's log line carries. */
export const METRICS = {
  namespace: 'Sulcus',
  /** The one dimension's value: more would multiply the price of each metric. */
  service: 'sulcus',
  /** The message of the one line per scan. */
  line: 'scan',
  classified: 'ScansClassified',
  abstained: 'ScansAbstained',
  rejected: 'ScansRejected',
  failed: 'ScansFailed',
  decodeMs: 'DecodeMs',
  inferenceMs: 'InferenceMs',
} as const;
