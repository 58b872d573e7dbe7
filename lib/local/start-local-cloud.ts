import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { createHandler as createAuthorize } from '../../functions/authorize/handler';
import { createHandler as createClassifyUpload } from '../../functions/classify-upload/handler';
import {
  createFolderResultObjects,
  createFolderScanStore,
  createUploadTickets,
  FOLDER_BUCKET,
} from '../adapters/folder';
import { type Caller, createApi } from '../adapters/http';
import { createImageDecoder } from '../adapters/image';
import { createTokenVerifier, type TokenVerifierOptions } from '../adapters/jwt';
import type { SessionSettings } from '../adapters/onnx';
import { createMeter } from '../core/meter-scan';
import type { ClassifierModel, ImageDecoder, Logger, ResultStore } from '../core/ports';
import type { ScanRecord } from '../core/scan-record';
import type { ServedModel } from '../core/served-models';
import { LAMBDA_MEGABYTES_PER_VCPU, LIMITS } from '../topology';
import {
  dataPaths,
  keepApiKey,
  keepUploadSecret,
  portLeftBehind,
  prepareFolders,
  removeFiles,
  writeJson,
} from './data-folder';
import { openDeadLetters } from './dead-letters';
import { createGateway, type Gateway } from './gateway';
import { openModels, serving } from './open-models';
import { type Closing, type LocalStores, openTable } from './open-table';
import { openOutbox } from './outbox';
import { createScanQueue, type ScanQueueOptions } from './scan-queue';
import { type LocalServer, serve } from './serve';
import { createSettlingFiles } from './settling-files';
import { createUploadRoute } from './upload-route';
import { seenFile, watchFolder } from './watch-folder';
import { createWebhooks, type WebhookSettings, type WebhooksOptions } from './webhooks';

/** The session's settings are those of the onnx adapter, with its defaults. */
export interface LocalCloudOptions extends SessionSettings {
  /** 0 for any free one. @default 4173 */
  readonly port?: number;
  /** Table, key, dead letters; one server at a time. */
  readonly dataFolder: string;
  /** Bucket and queue: what lies here is classified. */
  readonly scanFolder: string;
  readonly modelFolder: string;
  /** Bundles served beside it, under /v1/models/{name}. @default none */
  readonly besideFolders?: readonly string[];
  /** @default none is kept */
  readonly logger?: Logger;
  /** @default none: no page of another origin may call the API */
  readonly corsOrigins?: readonly string[];
  /** Write each result as JSON beside its scan, `<file>.sulcus.json`. @default false */
  readonly resultObjects?: boolean;
  /** Ask for tokens of this issuer instead of API keys. @default API keys */
  readonly tokens?: TokenVerifierOptions;
  /** Told of every upload's record once it is stored. */
  readonly onRecorded?: (record: ScanRecord) => void;
  /** Where an event of every final result is sent, signed. @default nowhere */
  readonly webhook?: WebhookSettings & Pick<WebhooksOptions, 'secondMs'>;
  /** Instead of the bundle in `modelFolder`. */
  readonly model?: ClassifierModel;
  /** Instead of the bundles in `besideFolders`. */
  readonly models?: readonly ClassifierModel[];
  /** @default the image adapter's */
  readonly decoder?: ImageDecoder;
  readonly queue?: Pick<ScanQueueOptions, 'redeliveryMs' | 'handlerTimeoutMs'>;
}

export interface LocalCloud {
  readonly url: string;
  /** Empty where tokens are asked for instead. */
  readonly apiKey: string;
  readonly scanFolder: string;
  /** Ends within 5 s; what is not done by then is done after the next start. */
  stop(): Promise<void>;
}

const DEFAULT_PORT = 4173;
/** The scan in hand and the requests in hand may end; the table then closes in a second, which makes less than 5 s. */
const STOP_MS = 3_000;

/** Estimates say what the same scans would have cost on AWS. */
const LIKE_LAMBDA = { memoryMegabytes: LAMBDA_MEGABYTES_PER_VCPU, architecture: 'x86_64' } as const;

const SILENT: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * The whole product on one machine: the functions of AWS behind a local gateway, a folder as bucket and queue, dynalite
 * as table. `<dataFolder>/endpoint.json` is there while it is ready.
 * @throws CONFIG_INVALID for folders, a port or a table that cannot be used, MODEL_UNAVAILABLE for a broken bundle
 */
export const startLocalCloud = async (options: LocalCloudOptions): Promise<LocalCloud> => {
  const { logger = SILENT } = options;
  const closing: Closing = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) {
      await step().catch((error: unknown) => logger.error('a part of the local cloud did not stop well', error));
    }
  };
  try {
    const cloud = await start(options, logger, closing);
    let stopping: Promise<void> | undefined;
    return {
      ...cloud,
      stop: () => {
        stopping ??= close();
        return stopping;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const start = async (
  options: LocalCloudOptions,
  logger: Logger,
  closing: Closing,
): Promise<Omit<LocalCloud, 'stop'>> => {
  const { dataFolder, scanFolder } = await prepareFolders(options.dataFolder, options.scanFolder);
  const paths = dataPaths(dataFolder);
  // Opens beside everything else, since it takes longest.
  const opening = openModels(options);
  opening.catch(() => undefined); // reported where it is awaited
  let drained = true;
  // A session that is still running must not be disposed of; the process ends soon enough.
  closing.push(async () => {
    const opened = drained ? await opening.catch(() => []) : [];
    for (const model of opened) await model.dispose();
  });
  const { port = DEFAULT_PORT } = options;
  const earlierPort = port === 0 ? await portLeftBehind(paths.endpoint) : undefined;
  const { keys, results, meters } = await openStores(options, dataFolder, logger, closing);
  const meter = createMeter({ ...meters, logger, now: Date.now, ...LIKE_LAMBDA });
  const models = await opening;
  const [main, ...beside] = models.map(serving(options.decoder ?? createImageDecoder()));
  const { classify } = main as ServedModel;
  const { tokens, resultObjects = false } = options;
  const apiKey = tokens === undefined ? await keepApiKey(keys, paths.apiKey, Date.now()) : '';

  const address: { url?: string } = {};
  const tickets = createUploadTickets({
    secret: await keepUploadSecret(paths.uploadSecret),
    baseUrl: () => address.url ?? '',
    uploadUrlSeconds: LIMITS.uploadUrlSeconds,
    now: Date.now,
  });
  const scans = createFolderScanStore({ root: scanFolder, tickets });
  await scans.clean();

  const { maxReceiveCount } = LIMITS;
  const queue = createScanQueue({
    root: scanFolder,
    handler: createClassifyUpload({
      classify,
      results: reporting(results, options.onRecorded),
      scans,
      keys,
      meter,
      bucketName: FOLDER_BUCKET,
      resultObjects: resultObjects ? createFolderResultObjects(scanFolder, scans) : undefined,
      logger,
      maxReceiveCount,
    }),
    results,
    deadLetters: await openDeadLetters(paths.deadLetters, logger),
    logger,
    now: Date.now,
    maxReceiveCount,
    ...options.queue,
  });
  const settling = createSettlingFiles({ root: scanFolder, onSettled: queue.add, now: Date.now });

  const corsOrigins = options.corsOrigins ?? [];
  const app = createApi({
    classify,
    models: beside,
    results,
    scans,
    bucketName: FOLDER_BUCKET,
    meter,
    resultObjects,
    logger,
    now: Date.now,
    corsOrigins,
    identify: ({ env }) => env as Caller,
  });
  const upload = createUploadRoute({
    tickets,
    scans,
    onUploaded: async (key) => queue.add(seenFile(key, await lstat(path.join(scanFolder, key))), false),
  });
  const authorize = createAuthorize(
    tokens === undefined ? { keys, logger } : { tokens: createTokenVerifier(tokens), logger },
  );
  const gateway = createGateway({ app, authorize, upload, corsOrigins, logger });

  let server: LocalServer | undefined;
  closing.push(async () => {
    [drained] = await Promise.all([queue.stop(STOP_MS), server?.close(STOP_MS)]);
  });
  server = await serveAgain(port, earlierPort, gateway);
  address.url = server.url;

  const watch = watchFolder({ root: scanFolder, onFile: settling.add, onGone: settling.remove, logger });
  closing.push(async () => {
    await removeFiles(paths.endpoint);
    settling.close();
    await watch.close();
  });
  const endpoint = { url: server.url, apiKey, scanFolder: options.scanFolder };
  await writeJson(paths.endpoint, endpoint);
  return endpoint;
};

/** The table's stores; with a webhook, every final result they take is published. */
const openStores = async (
  { webhook }: LocalCloudOptions,
  dataFolder: string,
  logger: Logger,
  closing: Closing,
): Promise<LocalStores> => {
  const stores = await openTable(dataFolder, closing);
  if (webhook === undefined) return stores;
  const { outbox, deadWebhooks } = dataPaths(dataFolder);
  const stopped = new AbortController();
  const webhooks = createWebhooks({
    ...webhook,
    outbox: await openOutbox(outbox),
    deadLetters: await openDeadLetters(deadWebhooks, logger),
    readAsStreamEvent: stores.readAsStreamEvent,
    logger,
    now: Date.now,
    signal: stopped.signal,
  });
  closing.push(async () => stopped.abort());
  await webhooks.resume();
  return { ...stores, results: webhooks.publishing(stores.results) };
};

/** Whoever holds the address of a server that was killed finds it again, where the port is still free. */
const serveAgain = (port: number, earlierPort: number | undefined, gateway: Gateway): Promise<LocalServer> =>
  earlierPort === undefined ? serve(port, gateway) : serve(earlierPort, gateway).catch(() => serve(port, gateway));

const reporting = (results: ResultStore, onRecorded: LocalCloudOptions['onRecorded']): ResultStore => ({
  ...results,
  recordEvent: async (record) => {
    const outcome = await results.recordEvent(record);
    if (outcome === 'stored') onRecorded?.(record);
    return outcome;
  },
});
