import { z } from 'zod';
import { SulcusError } from '../../core/errors';
import { ENV, LAMBDA_MEGABYTES_PER_VCPU, LIMITS } from '../../topology';

const wholeNumber = (minimum: number, maximum: number) =>
  z.string().regex(/^\d+$/, 'expected a whole number').transform(Number).pipe(z.int().min(minimum).max(maximum));

/** `auto`, which leaves the choice to whoever knows the circumstances, is undefined. */
const choice = z
  .enum(['auto', 'on', 'off'], 'expected auto, on or off')
  .default('auto')
  .transform((text) => (text === 'auto' ? undefined : text === 'on'));

/** Tokens are only as safe as the way their keys come: over TLS, or from this machine. */
const tokenUrl = z.url().regex(/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/, 'expected an https URL');

/** One zod field per environment variable: its default is what the variable means when unset. */
const fields = {
  tableName: z.string().min(3).max(255),
  bucketName: z.string().min(3).max(255),
  modelFolder: z.string().min(1),
  corsOrigins: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ''),
    ),
  maxReceiveCount: wholeNumber(1, 1000).default(LIMITS.maxReceiveCount),
  uploadUrlSeconds: wholeNumber(1, 7 * 24 * 3600).default(LIMITS.uploadUrlSeconds),
  tombstoneDays: z
    .union([z.literal('forever').transform(() => null), wholeNumber(LIMITS.queueRetentionDays + 1, 36_500)])
    .default(LIMITS.tombstoneDays),
  retentionDays: wholeNumber(1, 3650)
    .optional()
    .transform((days) => days ?? null),
  resultObjects: z
    .enum(['on', 'off'], 'expected on or off')
    .default('off')
    .transform((text) => text === 'on'),
  auth: z.enum(['apiKey', 'jwt'], 'expected apiKey or jwt').default('apiKey'),
  jwtIssuer: tokenUrl,
  jwtAudience: z.string().min(1),
  jwksUri: tokenUrl.optional(),
  threads: wholeNumber(1, 64).optional(),
  exactProducts: choice,
  prepack: choice,
  busName: z.string().min(1).max(256),
  webhookUrl: z.string().min(1),
  webhookSecretId: z.string().min(1),
  webhookQueueUrl: z.string().min(1),
  lambdaMegabytes: wholeNumber(1, 1_000_000).optional(),
} as const;

export type ConfigField = keyof typeof fields;
export type Config<Field extends ConfigField> = { readonly [F in Field]: z.output<(typeof fields)[F]> };

/**
 * The named settings, parsed once at cold start: the only place that reads the environment.
 * @throws CONFIG_INVALID naming each variable that is missing or wrong
 */
export const readConfig = <Field extends ConfigField>(
  names: readonly Field[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config<Field> => {
  const problems: string[] = [];
  const config: Partial<Record<ConfigField, unknown>> = {};
  for (const name of names) {
    const parsed = fields[name].safeParse(environment[ENV[name]]);
    if (parsed.success) config[name] = parsed.data;
    else problems.push(`${ENV[name]}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}`);
  }
  if (problems.length > 0) {
    throw new SulcusError('CONFIG_INVALID', `expected valid environment variables, received ${problems.join(', ')}`);
  }
  return config as Config<Field>;
};

/** The webhook of a laptop as the environment has it; undefined for what is unset. */
export const readLocalWebhook = (
  environment: Readonly<Record<string, string | undefined>> = process.env,
): { readonly url: string | undefined; readonly secret: string | undefined } => ({
  url: environment[ENV.webhookUrl] || undefined,
  secret: environment[ENV.webhookSecret] || undefined,
});

/** The fields that say how a model session runs. */
export const SESSION_FIELDS = ['threads', 'exactProducts', 'prepack', 'lambdaMegabytes'] as const;

/**
 * Those fields as the onnx adapter takes them. Lambda shows two CPUs to a function that has the time of one; what it
 * really gives follows from the memory.
 */
export const sessionSettings = ({ lambdaMegabytes, ...settings }: Config<(typeof SESSION_FIELDS)[number]>) => ({
  threads: settings.threads,
  exactProducts: settings.exactProducts,
  prepack: settings.prepack,
  cpus: lambdaMegabytes === undefined ? undefined : lambdaMegabytes / LAMBDA_MEGABYTES_PER_VCPU,
});

/** What the function runs on, for estimates; outside Lambda, what the stacks give one of its functions. */
export const functionSize = ({ lambdaMegabytes }: Pick<Config<'lambdaMegabytes'>, 'lambdaMegabytes'>) => ({
  memoryMegabytes: lambdaMegabytes ?? LAMBDA_MEGABYTES_PER_VCPU,
  architecture: process.arch === 'arm64' && lambdaMegabytes !== undefined ? ('arm64' as const) : ('x86_64' as const),
});
