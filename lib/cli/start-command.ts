import { join, relative, resolve } from 'node:path';
import { NOTICE } from '../core/contract';
import { SulcusError } from '../core/errors';
import type { Logger } from '../core/ports';
import type { ScanRecord } from '../core/scan-record';
import { startLocalCloud } from '../local';
import { EXIT } from './exit-codes';
import type { Output } from './output';
import { readSessionSettings } from './session-settings';
import { readWebhook } from './webhook-settings';

export interface StartOptions {
  readonly port: number;
  readonly dataDir: string;
  readonly scanFolder?: string;
  readonly model: string;
  /** Bundles served beside it, under /v1/models/{name}. */
  readonly also?: readonly string[];
  readonly threads?: number;
  /** Where an event of every final result is POSTed. @default the environment's, or nowhere */
  readonly webhookUrl?: string;
  readonly webhookSecret?: string;
  readonly resultObjects?: boolean;
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
  readonly jwksUri?: string;
}

/** @throws CONFIG_INVALID for an issuer without an audience, or the other way round */
const readTokens = ({ jwtIssuer: issuer, jwtAudience: audience, jwksUri }: StartOptions) => {
  if (issuer === undefined && audience === undefined && jwksUri === undefined) return undefined;
  if (issuer === undefined || audience === undefined) {
    throw new SulcusError('CONFIG_INVALID', 'expected --jwt-issuer and --jwt-audience together, received one of them');
  }
  return { issuer, audience, jwksUri };
};

const SAMPLE = join(__dirname, '../../test/fixtures/icbm152-axial.png');

/** Only warnings and errors, plain: the terminal is for the person, results are in the API. */
const createTerminalLogger = (output: Output): Logger => {
  const facts = (fields: object = {}) => (Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '');
  return {
    info: () => {},
    warn: (message, fields) => output.note(`warning: ${message}${facts(fields)}`),
    error: (message, error, fields) =>
      output.note(
        `error: ${message}${facts(fields)}\n${error instanceof Error ? (error.stack ?? error.message) : error}`,
      ),
  };
};

/** No file name: terminals are recorded too, and names may be people's. The scan's id leads to the rest. */
const describeRecord = ({ scanId, state, label, score, error }: ScanRecord): string =>
  `  ${scanId}  ${state}  ${error === null ? `${label}  ${score?.toFixed(4)}` : `${error.code}: ${error.message}`}`;

/** `sulcus start`: the embedded cloud until SIGINT or SIGTERM. */
export const startCommand = async (options: StartOptions, output: Output): Promise<never> => {
  const dataFolder = resolve(options.dataDir);
  const cloud = await startLocalCloud({
    port: options.port,
    dataFolder,
    scanFolder: resolve(options.scanFolder ?? join(dataFolder, 'scans')),
    modelFolder: resolve(options.model),
    besideFolders: options.also?.map((folder) => resolve(folder)),
    ...readSessionSettings(options.threads),
    ...readWebhook(options),
    resultObjects: options.resultObjects,
    tokens: readTokens(options),
    logger: createTerminalLogger(output),
    onRecorded: (record) => process.stdout.isTTY && output.line(describeRecord(record)),
  });
  const sample = relative(process.cwd(), SAMPLE);
  const credentials = cloud.apiKey === '' ? 'authorization: Bearer <token>' : `x-api-key: ${cloud.apiKey}`;
  const curl = `curl -s -H "${credentials}" -H "content-type: image/png" --data-binary "@${sample}" ${cloud.url}/v1/classify`;
  for (const line of [
    '',
    `  API          ${cloud.url}`,
    cloud.apiKey === '' ? `  Tokens of    ${options.jwtIssuer}` : `  API key      ${cloud.apiKey}`,
    `  Scan folder  ${cloud.scanFolder}   (drop scans here)`,
    '',
    '  Try it:',
    '',
    curl,
    '',
    `  ${NOTICE}`,
    '',
  ]) {
    output.line(line);
  }
  await toldToStop();
  await cloud.stop();
  // A scan that is still decoding is done after the next start; it must not hold this process.
  process.exit(EXIT.ok);
};

const ORPHAN_CHECK_MS = 250;

/**
 * SIGINT or SIGTERM; or, when npm started us, the end of the shell between npm and us: npm passes SIGTERM on to that
 * shell, which dies of it and tells nobody.
 */
const toldToStop = (): Promise<void> =>
  new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
    if (process.env.npm_lifecycle_event === undefined) return;
    const { ppid } = process;
    setInterval(() => process.ppid !== ppid && stop(), ORPHAN_CHECK_MS).unref();
  });
