import { z } from 'zod';
import type { Packaging } from '../constructs/inference-function';

const origin = z
  .string()
  .regex(
    /^(\*|https?:\/\/[A-Za-z0-9.-]+(:\d+)?)$/,
    'expected origins such as https://console.example, separated by commas',
  );

/** What `-c name=value` may set: text from the command line, other types from cdk.json. */
const fields = {
  packaging: z.enum(['image', 'layers']).default('image'),
  destroyData: z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).default(false),
  corsOrigins: z
    .union([z.array(z.string()), z.string().transform((text) => text.split(',').map((entry) => entry.trim()))])
    .transform((origins) => origins.filter((entry) => entry !== ''))
    .pipe(z.array(origin))
    .default([]),
  // SQS takes 2 to 1,000. At 50, a bulk upload leaves 950 of an account's usual 1,000 to the API.
  uploadConcurrency: z.coerce.number().pipe(z.int().min(2).max(1000)).default(50),
} as const;

const EXPECTED: Readonly<Record<keyof typeof fields, string>> = {
  packaging: 'image or layers',
  destroyData: 'true or false',
  corsOrigins: 'origins such as https://console.example, separated by commas',
  uploadConcurrency: 'a whole number from 2 to 1000',
};

export interface Settings {
  readonly packaging: Packaging;
  readonly destroyData: boolean;
  readonly corsOrigins: readonly string[];
  readonly uploadConcurrency: number;
}

/** Settings from CDK context, or one line per value that is wrong. */
export const parseSettings = (context: (name: string) => unknown): Settings | { readonly problems: string[] } => {
  const problems: string[] = [];
  const read = <Name extends keyof typeof fields>(name: Name): z.output<(typeof fields)[Name]> => {
    const value = context(name);
    const parsed = fields[name].safeParse(value);
    if (!parsed.success) problems.push(`expected ${EXPECTED[name]} for -c ${name}, received ${JSON.stringify(value)}`);
    return parsed.data as z.output<(typeof fields)[Name]>;
  };
  const settings: Settings = {
    packaging: read('packaging'),
    destroyData: read('destroyData'),
    corsOrigins: read('corsOrigins'),
    uploadConcurrency: read('uploadConcurrency'),
  };
  return problems.length > 0 ? { problems } : settings;
};
