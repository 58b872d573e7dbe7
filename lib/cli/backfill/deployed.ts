import { setTimeout as sleep } from 'node:timers/promises';
import { createLineReader, createS3Client } from '../../adapters/s3';
import {
  type BackfillExecution,
  createStepFunctionsClient,
  describeBackfill,
  findManifest,
  readMapResults,
  redriveBackfill,
  type StepFunctionsClient,
  startBackfill,
} from '../../adapters/step-functions';
import type { ReadLines } from '../../adapters/step-functions/map-results';
import { SulcusError } from '../../core/errors';
import { BACKFILL, DEPLOYED } from '../../topology';
import { EXIT } from '../exit-codes';
import type { Output } from '../output';
import { showReport } from './show-report';

export interface DeployedBackfillOptions {
  readonly concurrency?: number;
  readonly limit?: number;
  readonly dryRun?: boolean;
  /** Until it has ended, and then its report. */
  readonly wait?: boolean;
  /** ARN of an earlier execution whose unfinished batches to start again. */
  readonly resume?: string;
  readonly region?: string;
  readonly json?: boolean;
}

/** Instead of the region's, for tests. */
export interface DeployedBackfillClients {
  readonly stepFunctions: StepFunctionsClient;
  readonly readLines: ReadLines;
  readonly pauseMs: number;
}

const PAUSE_MS = 5_000;

/** @throws INVALID_REQUEST for text that is no `s3://bucket/prefix` */
export const parseSource = (source: string): { readonly bucket: string; readonly prefix: string } => {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(source) ?? [];
  if (bucket === undefined) {
    throw new SulcusError('INVALID_REQUEST', `expected a folder or s3://bucket/prefix, received ${source}`);
  }
  return { bucket, prefix };
};

const clientsOf = (region: string | undefined): DeployedBackfillClients => ({
  stepFunctions: createStepFunctionsClient(region),
  readLines: createLineReader(createS3Client({ region })),
  pauseMs: PAUSE_MS,
});

/** `sulcus backfill s3://bucket/prefix`: starts the deployment's state machine, or a failed execution of it again. */
export const deployedBackfill = async (
  source: string,
  options: DeployedBackfillOptions,
  output: Output,
  clients: DeployedBackfillClients = clientsOf(options.region),
): Promise<number> => {
  const { dryRun = false, json = false, wait = false, resume } = options;
  const { stepFunctions } = clients;
  const input = {
    ...parseSource(source),
    concurrency: options.concurrency ?? BACKFILL.concurrency,
    limit: options.limit ?? BACKFILL.maxItems,
    dryRun,
  };
  if (resume !== undefined) await redriveBackfill(stepFunctions, resume);
  const execution = resume ?? (await startBackfill(stepFunctions, DEPLOYED.backfill, input));
  if (!wait) {
    if (json) output.line(JSON.stringify({ execution, status: 'RUNNING', dryRun }));
    else output.line(`${resume === undefined ? 'Started' : 'Resumed'} ${execution}`);
    return EXIT.ok;
  }
  const ended = await waitFor(clients, execution, output);
  const manifest = await findManifest(stepFunctions, execution);
  const report = manifest && (await readMapResults(clients.readLines, manifest));
  const { status, error } = ended;
  if (status !== 'SUCCEEDED') {
    output.note(
      `${status}${error === undefined ? '' : ` (${error})`}: sulcus backfill ${source} --resume ${execution}`,
    );
  }
  if (report === undefined) {
    if (json) output.line(JSON.stringify({ execution, status, dryRun }));
    else output.line(`${status} ${execution}, without a report`);
    return status === 'SUCCEEDED' ? EXIT.ok : EXIT.failed;
  }
  const exitCode = showReport(report, { json, dryRun }, output, { execution, status });
  return status === 'SUCCEEDED' ? exitCode : EXIT.failed;
};

const waitFor = async (
  { stepFunctions, pauseMs }: DeployedBackfillClients,
  execution: string,
  output: Output,
): Promise<BackfillExecution> => {
  let told = -1;
  for (;;) {
    const now = await describeBackfill(stepFunctions, execution);
    if (now.done !== told && now.total > 0) output.note(`${now.done} of ${now.total}`);
    told = now.done;
    if (now.status !== 'RUNNING') return now;
    await sleep(pauseMs);
  }
};
