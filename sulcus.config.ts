import type { SulcusConfig } from './lib/core/deployment-settings';

/**
 * All that a deployment is told; every field stands here with its default. `-c name=value` on the command line of
 * `npm run synth` and `npm run deploy` wins over this file (not for modelBundle and modelBundles, which are staged before).
 */
export const config: SulcusConfig = {
  // How the functions that classify ship: a container image (needs Docker to deploy) or zip files with layers.
  packaging: 'image',
  // AWS region. null: the one of the shell's AWS profile when deploying.
  region: null,
  // Folder of the model bundle that is served, as `sulcus compile --out` writes it; read by `npm run build`.
  modelBundle: 'layers/model',
  // Folders of bundles served beside it under /v1/models/{name}, each opened at its first request; uploads never use them.
  modelBundles: [],
  // Memory of the functions that classify. vCPUs (1769 MB each) and the model's threads follow from it.
  memoryMegabytes: 1769,
  // Lambda SnapStart for the API function; images only. Off: the session opens after the snapshot is taken, and
  // every kept version's snapshot is paid for.
  snapStart: false,
  // Who may call: holders of `sulcus keys`, AWS principals of this account (SigV4), or bearers of a JWT.
  auth: 'apiKey',
  // auth jwt: the `iss` a token must have; its keys come from the OpenID configuration below it.
  jwtIssuer: null,
  // auth jwt: the `aud` a token must have.
  jwtAudience: null,
  // auth jwt: where the issuer's public keys are. null: as its OpenID configuration says.
  jwksUri: null,
  // Web origins whose pages may call the API and upload.
  corsOrigins: [],
  // Requests per second of the whole API; a leaked key cannot spend more than this.
  requestsPerSecond: 100,
  // Requests at once before that rate applies.
  requestBurst: 200,
  // Custom domain of the API; point a CNAME at the output ApiDomainTarget. The API's own URL is then switched off.
  domainName: null,
  // Certificate of that domain.
  certificateArn: null,
  // AWS WAF in front of the API: a rate limit per address and AWS's managed rules. About 9 USD a month.
  waf: false,
  // Days scans and results are kept, counted from their creation. null: until they are deleted.
  retentionDays: null,
  // Days logs are kept; they hold no scan, result, key or name.
  logRetentionDays: 30,
  // A CloudTrail trail of every read, write and delete of scans; 1 USD per million, kept 400 days.
  auditTrail: true,
  // A bucket of yours whose new objects are classified too, told of by EventBridge; nothing in it is ever deleted.
  existingBucket: null,
  // Only objects of the existing bucket whose key begins so.
  existingBucketPrefix: '',
  // The KMS key that encrypts the existing bucket, if one does.
  existingBucketKeyArn: null,
  // Write each result as JSON beside its scan, `<key>.sulcus.json`.
  resultObjects: false,
  // Where each final result is POSTed, signed by the secret of the output WebhookSecretArn. null: to the event bus alone.
  webhookUrl: null,
  // Upload functions at once; lower it in a new account.
  uploadConcurrency: 50,
  // Run the functions that touch scans in a VPC of their own without a way out, by endpoints to S3 and DynamoDB.
  vpc: false,
  // Who is told of alarms; the address has to confirm. null: alarms show in CloudWatch alone.
  alarmEmail: null,
  // US dollars of Lambda compute in a day that raise the cost alarm.
  dailyCostUsd: 10,
  // Let `cdk destroy` remove scans, results and the key that encrypts them.
  destroyData: false,
};
