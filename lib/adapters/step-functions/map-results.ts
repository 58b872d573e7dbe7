import { z } from 'zod';
import {
  type BackfillReport,
  backfillReportSchema,
  emptyReport,
  mergeReports,
  reportOf,
} from '../../core/backfill-report';
import { SulcusError } from '../../core/errors';
import type { ManifestPlace } from './executions';

const filesSchema = z.array(z.object({ Key: z.string() })).default([]);
const manifestSchema = z.object({ ResultFiles: z.object({ SUCCEEDED: filesSchema, FAILED: filesSchema }) });

/** A child that failed, as Step Functions writes it whatever the transformation; `Cause` is ours if it ended by itself. */
const failedSchema = z.object({ Input: z.string(), Cause: z.string().optional(), Error: z.string().optional() });
const inputSchema = z.object({ Items: z.array(z.object({ key: z.string() })) });

/** Lines of an object of text; undefined when it is not there. @throws STORE_UNAVAILABLE */
export type ReadLines = (place: ManifestPlace) => Promise<AsyncIterable<string> | undefined>;

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A batch whose function ended without a report: none of its objects is known to be done. */
const lostBatch = ({ Input, Error: code = 'INTERNAL' }: z.output<typeof failedSchema>): BackfillReport => {
  const input = inputSchema.safeParse(parseJson(Input));
  const items = input.success ? input.data.Items : [];
  return items.map(({ key }) => reportOf(key, { outcome: 'failed' }, code)).reduce(mergeReports, emptyReport());
};

const toReport = (line: string): BackfillReport => {
  const value = parseJson(line);
  const report = backfillReportSchema.safeParse(value);
  if (report.success) return report.data;
  const failed = failedSchema.safeParse(value);
  if (!failed.success) {
    throw new SulcusError(
      'STORE_UNAVAILABLE',
      'expected the report of a batch in the results of a backfill, received another',
    );
  }
  const cause = backfillReportSchema.safeParse(parseJson(failed.data.Cause ?? ''));
  return cause.success ? cause.data : lostBatch(failed.data);
};

/**
 * The report of a whole backfill, added up from what its batches wrote, one line each.
 * @returns undefined when nothing has been written
 * @throws STORE_UNAVAILABLE
 */
export const readMapResults = async (read: ReadLines, manifest: ManifestPlace): Promise<BackfillReport | undefined> => {
  const lines = await read(manifest);
  if (lines === undefined) return undefined;
  let text = '';
  for await (const line of lines) text += line;
  const { SUCCEEDED, FAILED } = manifestSchema.parse(JSON.parse(text)).ResultFiles;
  let report = emptyReport();
  for (const { Key } of [...SUCCEEDED, ...FAILED]) {
    for await (const line of (await read({ bucket: manifest.bucket, key: Key })) ?? []) {
      if (line.trim() !== '') report = mergeReports(report, toReport(line));
    }
  }
  return report;
};
