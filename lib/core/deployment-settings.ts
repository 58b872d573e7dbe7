import { z } from 'zod';

/**
 * What a deployment can be told: `sulcus.config.ts`, and above it `-c name=value` on the command line of the CDK. One
 * zod field each, with its default, its meaning, and what a wrong value is told was expected.
 */

/** The command line and the environment only have text. */
const orText = <Schema extends z.ZodType>(schema: Schema, parse: (text: string) => unknown) =>
  z.union([schema, z.string().transform(parse).pipe(schema)]);

const flag = () => orText(z.boolean(), (text) => ({ true: true, false: false })[text] ?? text);
const wholeNumber = (minimum: number, maximum: number) =>
  orText(z.int().min(minimum).max(maximum), (text) => (/^\d+$/.test(text) ? Number(text) : text));
const orNothing = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([z.null(), z.enum(['', 'none']).transform(() => null), schema]);

const origin = z.string().regex(/^(\*|https?:\/\/[A-Za-z0-9.-]+(:\d+)?)$/);
const httpsUrl = z.string().regex(/^https:\/\/[A-Za-z0-9.-]+(:\d+)?(\/[A-Za-z0-9._~/-]*)?$/);
/** By name, as a certificate is; what the name resolves to is looked at when it is called. */
const webhookAddress = z.string().regex(/^https:\/\/([A-Za-z0-9-]+\.)+[A-Za-z]{2,}(:\d+)?(\/[A-Za-z0-9._~/-]*)?$/);

/** The retentions CloudWatch Logs knows, up to ten years. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const field = <Schema extends z.ZodType>(schema: Schema, expected: string, description: string) =>
  schema.meta({ expected, description });

export const settingFields = {
  packaging: field(
    z.enum(['image', 'layers']).default('image'),
    'image or layers',
    'How the functions that classify ship: a container image (needs Docker to deploy) or zip files with layers.',
  ),
  region: field(
    orNothing(z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d$/)).default(null),
    'an AWS region such as eu-central-1, or null',
    "AWS region. null: the one of the shell's AWS profile when deploying.",
  ),
  modelBundle: field(
    z.string().min(1).default('layers/model'),
    'the folder of a model bundle',
    'Folder of the model bundle that is served, as `sulcus compile --out` writes it; read by `npm run build`.',
  ),
  modelBundles: field(
    z.array(z.string().min(1)).max(8).default([]),
    'a list of at most 8 folders of model bundles',
    'Folders of bundles served beside it under /v1/models/{name}, each opened at its first request; uploads never use them.',
  ),
  memoryMegabytes: field(
    wholeNumber(1024, 10_240).default(1769),
    'a whole number from 1024 to 10240',
    "Memory of the functions that classify. vCPUs (1769 MB each) and the model's threads follow from it.",
  ),
  snapStart: field(
    flag().default(false),
    'true or false',
    'Lambda SnapStart for the API function; images only. Off: the session opens after the snapshot is taken, and ' +
      "every kept version's snapshot is paid for.",
  ),
  auth: field(
    z.enum(['apiKey', 'iam', 'jwt']).default('apiKey'),
    'apiKey, iam or jwt',
    'Who may call: holders of `sulcus keys`, AWS principals of this account (SigV4), or bearers of a JWT.',
  ),
  jwtIssuer: field(
    orNothing(httpsUrl).default(null),
    'an https URL such as https://login.example',
    'auth jwt: the `iss` a token must have; its keys come from the OpenID configuration below it.',
  ),
  jwtAudience: field(
    orNothing(z.string().min(1).max(256)).default(null),
    'the audience of the tokens',
    'auth jwt: the `aud` a token must have.',
  ),
  jwksUri: field(
    orNothing(httpsUrl).default(null),
    'an https URL or null',
    "auth jwt: where the issuer's public keys are. null: as its OpenID configuration says.",
  ),
  corsOrigins: field(
    z
      .union([z.array(z.string()), z.string().transform((text) => text.split(',').map((entry) => entry.trim()))])
      .transform((origins) => origins.filter((entry) => entry !== ''))
      .pipe(z.array(origin))
      .default([]),
    'origins such as https://console.example, separated by commas',
    'Web origins whose pages may call the API and upload.',
  ),
  requestsPerSecond: field(
    wholeNumber(1, 10_000).default(100),
    'a whole number from 1 to 10000',
    'Requests per second of the whole API; a leaked key cannot spend more than this.',
  ),
  requestBurst: field(
    wholeNumber(1, 5_000).default(200),
    'a whole number from 1 to 5000',
    'Requests at once before that rate applies.',
  ),
  domainName: field(
    orNothing(z.string().regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/)).default(null),
    'a domain name such as scans.example.org, or null',
    "Custom domain of the API; point a CNAME at the output ApiDomainTarget. The API's own URL is then switched off.",
  ),
  certificateArn: field(
    orNothing(z.string().regex(/^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/)).default(null),
    "the ARN of an ACM certificate in the API's region, or null",
    'Certificate of that domain.',
  ),
  waf: field(
    flag().default(false),
    'true or false',
    "AWS WAF in front of the API: a rate limit per address and AWS's managed rules. About 8 USD a month.",
  ),
  retentionDays: field(
    orNothing(wholeNumber(1, 3650)).default(null),
    'a whole number from 1 to 3650, or null',
    'Days scans and results are kept, counted from their creation. null: until they are deleted.',
  ),
  logRetentionDays: field(
    orText(z.literal(LOG_RETENTION_DAYS), Number).default(30),
    `one of ${LOG_RETENTION_DAYS.join(', ')}`,
    'Days logs are kept; they hold no scan, result, key or name.',
  ),
  auditTrail: field(
    flag().default(true),
    'true or false',
    'A CloudTrail trail of every read, write and delete of scans; 1 USD per million, kept 400 days.',
  ),
  existingBucket: field(
    orNothing(z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)).default(null),
    'the name of a bucket, or null',
    'A bucket of yours whose new objects are classified too, told of by EventBridge; nothing in it is ever deleted.',
  ),
  existingBucketPrefix: field(
    z
      .string()
      .max(512)
      .regex(/^[^*?$]*$/)
      .default(''),
    'the beginning of object keys, without * ? $',
    'Only objects of the existing bucket whose key begins so.',
  ),
  existingBucketKeyArn: field(
    orNothing(z.string().regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/)).default(null),
    'the ARN of a KMS key, or null',
    'The KMS key that encrypts the existing bucket, if one does.',
  ),
  resultObjects: field(
    flag().default(false),
    'true or false',
    'Write each result as JSON beside its scan, `<key>.sulcus.json`.',
  ),
  webhookUrl: field(
    orNothing(webhookAddress).default(null),
    'an https URL of a host by name, without credentials and query, or null',
    'Where each final result is POSTed, signed by the secret of the output WebhookSecretArn. null: to the event bus alone.',
  ),
  uploadConcurrency: field(
    // SQS takes 2 to 1,000. At 50, a bulk upload leaves 950 of an account's usual 1,000 to the API.
    wholeNumber(2, 1000).default(50),
    'a whole number from 2 to 1000',
    'Upload functions at once; lower it in a new account.',
  ),
  vpc: field(
    flag().default(false),
    'true or false',
    'Run the functions that touch scans in a VPC of their own without a way out, by endpoints to S3 and DynamoDB.',
  ),
  alarmEmail: field(
    orNothing(z.email()).default(null),
    'an e-mail address, or null',
    'Who is told of alarms; the address has to confirm. null: alarms show in CloudWatch alone.',
  ),
  dailyCostUsd: field(
    wholeNumber(1, 100_000).default(10),
    'a whole number from 1 to 100000',
    'US dollars of Lambda compute in a day that raise the cost alarm.',
  ),
  destroyData: field(
    flag().default(false),
    'true or false',
    'Let `cdk destroy` remove scans, results and the key that encrypts them.',
  ),
} as const;

type Fields = typeof settingFields;
export type SettingName = keyof Fields;
export type Settings = { readonly [Name in SettingName]: z.output<Fields[Name]> };
/** What `sulcus.config.ts` exports: any of the settings; the others have their defaults. */
export type SulcusConfig = { readonly [Name in SettingName]?: z.input<Fields[Name]> };
export type Packaging = Settings['packaging'];
export type Auth = Settings['auth'];

export const CONFIG_FILE = 'sulcus.config.ts';

const names = Object.keys(settingFields) as SettingName[];

/** What `npm run build` reads, before there is a context. */
const STAGED: readonly SettingName[] = ['modelBundle', 'modelBundles'];

/** What must hold between fields. */
const conflicts = (settings: Settings): string[] => {
  const { auth, jwtIssuer, jwtAudience, domainName, certificateArn, existingBucket, snapStart, packaging } = settings;
  const found: string[] = [];
  if (auth === 'jwt' && (jwtIssuer === null || jwtAudience === null)) {
    found.push('expected jwtIssuer and jwtAudience for auth jwt, received none');
  }
  if ((domainName === null) !== (certificateArn === null)) {
    found.push('expected domainName and certificateArn together, received one of them');
  }
  if (existingBucket === null && (settings.existingBucketPrefix !== '' || settings.existingBucketKeyArn !== null)) {
    found.push('expected existingBucket for its prefix or key, received none');
  }
  if (snapStart && packaging === 'layers') {
    found.push('expected packaging image for snapStart, received layers: Lambda has none for Node.js zip files');
  }
  return found;
};

/**
 * Settings from the config file and, above it, the CDK's context.
 * @param config what sulcus.config.ts exports
 * @param context a `-c` value by name, undefined when it is not given
 * @returns the settings, or one line per value that is wrong
 */
export const parseSettings = (
  config: unknown,
  context: (name: string) => unknown = () => undefined,
): Settings | { readonly problems: string[] } => {
  if (typeof config !== 'object' || config === null) {
    return { problems: [`expected an object exported as config by ${CONFIG_FILE}, received ${typeof config}`] };
  }
  const problems = Object.keys(config)
    .filter((name) => !names.includes(name as SettingName))
    .map((name) => `expected one of ${names.join(', ')} in ${CONFIG_FILE}, received ${name}`);
  const settings: Record<string, unknown> = {};
  for (const name of STAGED) {
    if (context(name) === undefined) continue;
    problems.push(`expected ${name} in ${CONFIG_FILE}, received -c ${name}, which comes after it is staged`);
  }
  for (const name of names) {
    const fromContext = STAGED.includes(name) ? undefined : context(name);
    const value = fromContext === undefined ? (config as Record<string, unknown>)[name] : fromContext;
    const parsed = settingFields[name].safeParse(value);
    if (parsed.success) settings[name] = parsed.data;
    else {
      const place = fromContext === undefined ? `${name} in ${CONFIG_FILE}` : `-c ${name}`;
      problems.push(`expected ${expectedOf(name)} for ${place}, received ${JSON.stringify(value)}`);
    }
  }
  if (problems.length > 0) return { problems };
  const found = conflicts(settings as Settings);
  return found.length > 0 ? { problems: found } : (settings as Settings);
};

/** What a value of this setting has to be, in words. */
export const expectedOf = (name: SettingName): string => String(settingFields[name].meta()?.expected);

/** What the setting is for. */
export const meaningOf = (name: SettingName): string => String(settingFields[name].meta()?.description);

/** The settings of an empty config. */
export const defaultSettings = (): Settings => parseSettings({}) as Settings;
