import { resolve } from 'node:path';
import type { Logger } from '../core/ports';
import { backfillFolder } from '../local';
import { type DeployedBackfillOptions, deployedBackfill } from './backfill/deployed';
import { showReport } from './backfill/show-report';
import type { Output } from './output';
import { readSessionSettings } from './session-settings';

export interface BackfillOptions extends DeployedBackfillOptions {
  readonly dataDir: string;
  readonly model: string;
  readonly threads?: number;
  readonly resultObjects?: boolean;
}

/** The next file is decoded while the model runs; more would only hold more pixels. */
const FILES_AT_ONCE = 2;

/** What fails stands in the report; a log would add nothing but the chance of a name. */
const SILENT: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * `sulcus backfill`: classifies what has no result of this model yet, of a folder into a local cloud's table, or of a
 * bucket by a deployment.
 * @param source a folder, or `s3://bucket/prefix`
 * @returns failed when a scan failed (rejections are results), ok otherwise
 */
export const backfillCommand = async (source: string, options: BackfillOptions, output: Output): Promise<number> => {
  if (/^s3:\/\//i.test(source)) return deployedBackfill(source, options, output);
  const report = await backfillFolder({
    dataFolder: resolve(options.dataDir),
    scanFolder: resolve(source),
    modelFolder: resolve(options.model),
    ...readSessionSettings(options.threads),
    concurrency: options.concurrency ?? FILES_AT_ONCE,
    limit: options.limit,
    dryRun: options.dryRun ?? false,
    resultObjects: options.resultObjects,
    logger: SILENT,
    onDone: counter(output),
  });
  return showReport(report, { json: options.json, dryRun: options.dryRun ?? false }, output);
};

/** A word for whoever waits, every so many scans. */
const counter = (output: Output): (() => void) => {
  let done = 0;
  return () => {
    done += 1;
    if (done % 1000 === 0) output.note(`${done} scans`);
  };
};
