import { setTimeout as sleep } from 'node:timers/promises';
import { functionSize, readConfig, SESSION_FIELDS, sessionSettings } from '../../lib/adapters/config/config';
import {
  createApiKeyStore,
  createMeterStores,
  createResultStore,
  createTableClient,
} from '../../lib/adapters/dynamodb';
import { createImageDecoder } from '../../lib/adapters/image';
import { createLogger } from '../../lib/adapters/logging/powertools-logger';
import { openModel } from '../../lib/adapters/onnx';
import { createObjectLookup, createS3Client, createS3ResultObjects, createS3ScanStore } from '../../lib/adapters/s3';
import { parseBatchEvent } from '../../lib/adapters/step-functions/batch-event';
import { createTrace } from '../../lib/adapters/tracing';
import { type BackfillReport, fitReport } from '../../lib/core/backfill-report';
import { type BackfillScansDeps, backfillScans } from '../../lib/core/backfill-scans';
import { createInTurn } from '../../lib/core/in-turn';
import { createMeter } from '../../lib/core/meter-scan';
import { openOnce } from '../../lib/core/open-once';
import { keptFrom } from '../../lib/core/retention';
import { traced, tracedModel, tracedResults } from '../../lib/core/traced';
import { BACKFILL, LIMITS, SCANNING } from '../../lib/topology';

export interface BackfillHandlerDeps extends Omit<BackfillScansDeps, 'keptFrom'> {
  readonly lookUp: ReturnType<typeof createObjectLookup>;
  readonly retentionDays: number | null;
}

export type BackfillHandler = (
  event: unknown,
  context: { getRemainingTimeInMillis(): number },
) => Promise<BackfillReport>;

/** A batch of a listing -> stored results; answers what came of it. */
export const createHandler = ({ lookUp, retentionDays, ...given }: BackfillHandlerDeps): BackfillHandler => {
  const deps = { ...given, classify: { ...given.classify, inTurn: createInTurn() } };
  return async (event, context) => {
    const { bucket, dryRun, keys } = parseBatchEvent(event);
    const items = keys.map((key) => ({ key, look: () => lookUp(bucket, key) }));
    const options = {
      dryRun,
      concurrency: SCANNING.atOnce,
      // What is not started in time fails, and is another run's.
      inTime: () => context.getRemainingTimeInMillis() > SCANNING.budgetMs,
    };
    const report = await backfillScans({ ...deps, keptFrom: keptFrom(Date.now(), retentionDays) }, items, options);
    return fitReport(report, BACKFILL.causeCharacters);
  };
};

const wire = openOnce(async () => {
  const config = readConfig([
    'tableName',
    'bucketName',
    'modelFolder',
    'tombstoneDays',
    'retentionDays',
    'resultObjects',
    ...SESSION_FIELDS,
  ]);
  const { tableName, bucketName, modelFolder, tombstoneDays, retentionDays } = config;
  const s3 = createS3Client();
  const client = createTableClient();
  const logger = createLogger('backfill-scans');
  const trace = createTrace();
  const model = openOnce(() => trace('open model', () => openModel(modelFolder, sessionSettings(config))));
  const { uploadUrlSeconds } = LIMITS;
  return createHandler({
    classify: tracedModel(trace, { decoder: createImageDecoder(), model }),
    results: tracedResults(trace, createResultStore({ client, tableName, tombstoneDays, retentionDays })),
    keys: createApiKeyStore({ client, tableName }),
    meter: createMeter({ ...createMeterStores({ client, tableName }), logger, now: Date.now, ...functionSize(config) }),
    scans: traced(trace, createS3ScanStore({ client: s3, bucketName, uploadUrlSeconds }), { read: 'read scan' }),
    bucketName,
    resultObjects: config.resultObjects ? createS3ResultObjects(s3) : undefined,
    lookUp: createObjectLookup(s3),
    retentionDays,
    logger,
    pause: sleep,
  });
});

export const handler: BackfillHandler = async (event, context) => (await wire())(event, context);
