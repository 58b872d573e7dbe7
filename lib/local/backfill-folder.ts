import { lstat, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApiKeyStore, createMeterStores, createResultStore } from '../adapters/dynamodb';
import { createFolderResultObjects, createFolderScanStore, FOLDER_BUCKET } from '../adapters/folder';
import { createImageDecoder } from '../adapters/image';
import { openModel, type SessionSettings } from '../adapters/onnx';
import type { BackfillReport } from '../core/backfill-report';
import type { BackfillObject } from '../core/backfill-scan';
import { type BackfillItem, backfillScans } from '../core/backfill-scans';
import { SulcusError } from '../core/errors';
import { createMeter } from '../core/meter-scan';
import type { ClassifierModel, ImageDecoder, Logger } from '../core/ports';
import { LAMBDA_MEGABYTES_PER_VCPU } from '../topology';
import { describeFile } from './created-object';
import { LOCAL_TABLE, prepareFolders } from './data-folder';
import { hasEndMarker } from './file-completeness';
import { joinTable } from './join-table';
import { listFiles, type SeenFile, seenFile } from './seen-file';

export interface BackfillFolderOptions extends SessionSettings {
  /** Where `start` keeps its table; a server may be running on it. */
  readonly dataFolder: string;
  readonly scanFolder: string;
  readonly modelFolder: string;
  /** Files at work at once. */
  readonly concurrency: number;
  /** Files looked at, at most. @default all */
  readonly limit?: number;
  readonly dryRun: boolean;
  /** Write each result as JSON beside its scan. @default false */
  readonly resultObjects?: boolean;
  readonly onDone?: () => void;
  readonly logger: Logger;
  /** Instead of the bundle in `modelFolder`. */
  readonly model?: ClassifierModel;
  readonly decoder?: ImageDecoder;
}

/** Without a change for so long, a file whose format has no end mark counts as whole, as it does for `start`. */
const QUIET_MS = 4_000;

/** Estimates say what the same scans would have cost on AWS. */
const LIKE_LAMBDA = { memoryMegabytes: LAMBDA_MEGABYTES_PER_VCPU, architecture: 'x86_64' } as const;

/** Nothing is announced here, so nothing needs a URL. */
const NO_TICKETS = {
  issue: () => {
    throw new SulcusError('INTERNAL', 'expected no announcement during a backfill, received one');
  },
} as unknown as Parameters<typeof createFolderScanStore>[0]['tickets'];

/**
 * Classifies the files of a folder that have no result of this model in the data folder's table, as `start` would with
 * that scan folder: the same ids, each once, whichever of both comes first, both at the same time too.
 * @throws INVALID_REQUEST when there is no such folder; CONFIG_INVALID for folders that cannot be used; MODEL_UNAVAILABLE
 * and MODEL_HAS_NO_LABELS before any file is read
 */
export const backfillFolder = async (options: BackfillFolderOptions): Promise<BackfillReport> => {
  const isFolder = await stat(options.scanFolder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new SulcusError('INVALID_REQUEST', 'expected a folder that is there, received another path');
  const { dataFolder, scanFolder } = await prepareFolders(options.dataFolder, options.scanFolder);
  const { modelFolder, threads, cpus, prepack, exactProducts } = options;
  const model =
    options.model ?? (await openModel(modelFolder, { threads, cpus, prepack, exactProducts, verify: true }));
  try {
    const table = await joinTable(dataFolder);
    try {
      const { logger } = options;
      const stores = { client: table.client, tableName: LOCAL_TABLE };
      const scans = createFolderScanStore({ root: scanFolder, tickets: NO_TICKETS });
      const deps = {
        classify: { decoder: options.decoder ?? createImageDecoder(), model: async () => model },
        results: createResultStore({ ...stores, tombstoneDays: null }),
        scans,
        keys: createApiKeyStore(stores),
        meter: createMeter({ ...createMeterStores(stores), logger, now: Date.now, ...LIKE_LAMBDA }),
        bucketName: FOLDER_BUCKET,
        resultObjects: options.resultObjects ? createFolderResultObjects(scanFolder, scans) : undefined,
        logger,
        pause: sleep,
      };
      return await backfillScans(deps, itemsOf(scanFolder, options.limit), options);
    } finally {
      await table.close();
    }
  } finally {
    await model.dispose();
  }
};

async function* itemsOf(root: string, limit = Number.POSITIVE_INFINITY): AsyncGenerator<BackfillItem> {
  let count = 0;
  for await (const file of listFiles(root)) {
    if (count >= limit) return;
    count += 1;
    yield { key: file.key, look: () => lookAt(root, file) };
  }
}

/** The file as it is once nobody writes to it any more; undefined when it is gone. */
const lookAt = async (root: string, file: SeenFile): Promise<BackfillObject | undefined> => {
  for (let seen = file; ; ) {
    const quietMs = Date.now() - Math.max(seen.mtimeMs, seen.ctimeMs);
    const whole = quietMs >= QUIET_MS || (await hasEndMarker(root, seen.key).catch(() => false));
    const object = whole ? await describeFile(root, seen, Date.now()) : undefined;
    if (object !== undefined) return { ...object, bucket: FOLDER_BUCKET, versionId: null };
    if (!whole) await sleep(Math.min(QUIET_MS, Math.max(1, QUIET_MS - quietMs)));
    const stats = await lstat(path.join(root, seen.key)).catch(() => undefined);
    if (stats === undefined) return undefined;
    seen = seenFile(seen.key, stats);
  }
};
