import { type UsageReport, usageQuerySchema } from '../core/contract';
import { SulcusError } from '../core/errors';
import { getUsage } from '../core/get-usage';
import { NO_LIMITS } from '../core/key-limits';
import type { MeteredCaller } from '../core/limit-key';
import { ANONYMOUS_USAGE, BUCKET_USAGE } from '../core/meter-scan';
import type { KeyAccess } from '../local/key-access';
import { EXIT } from './exit-codes';
import { openKeys, type TargetOptions } from './open-keys';
import type { Output } from './output';
import { renderTable } from './output';

export interface UsageOptions extends TargetOptions {
  readonly from?: string;
  readonly to?: string;
}

/**
 * `sulcus usage [keyId]`: what keys used from day to day, and what no key asked for: files dropped into the bucket
 * (`bucket`) and API calls without a key (`anonymous`).
 * @throws INVALID_REQUEST for an unknown key or a range that is none
 */
export const usageCommand = async (
  keyId: string | undefined,
  options: UsageOptions,
  output: Output,
): Promise<number> => {
  const query = usageQuerySchema.safeParse({ from: options.from, to: options.to });
  if (!query.success) {
    throw new SulcusError('INVALID_REQUEST', 'expected dates such as 2026-01-31 for --from and --to, received others');
  }
  const access = await openKeys(options);
  try {
    const callers = await callersOf(access, keyId);
    const asked = { ...access, now: Date.now };
    const reports = await Promise.all(callers.map((caller) => getUsage(asked, caller, query.data)));
    if (options.json) for (const report of reports) output.line(JSON.stringify(report));
    else print(reports, output);
    return EXIT.ok;
  } finally {
    await access.close();
  }
};

const RESERVED = [BUCKET_USAGE, ANONYMOUS_USAGE];

const callersOf = async ({ keys }: KeyAccess, keyId: string | undefined): Promise<MeteredCaller[]> => {
  const reserved = RESERVED.map((apiKeyId) => ({ apiKeyId, limits: NO_LIMITS }));
  if (keyId === undefined) {
    const known = (await keys.list()).map((record) => ({ apiKeyId: record.keyId, limits: record }));
    return [...known, ...reserved];
  }
  const one = reserved.find(({ apiKeyId }) => apiKeyId === keyId);
  if (one !== undefined) return [one];
  const record = await keys.get(keyId);
  if (record === undefined) {
    throw new SulcusError(
      'INVALID_REQUEST',
      'expected the id of a key (see "sulcus keys list"), received an unknown one',
    );
  }
  return [{ apiKeyId: record.keyId, limits: record }];
};

const print = (reports: readonly UsageReport[], output: Output): void => {
  const rows = reports.flatMap(({ apiKeyId, days }) =>
    days.map(({ day, scans, rejected, bytes, computeMs, estimatedCostUsd }) => [
      day,
      String(scans),
      String(rejected),
      (bytes / 1e6).toFixed(1),
      (computeMs / 1e3).toFixed(1),
      estimatedCostUsd.toFixed(6),
      apiKeyId,
    ]),
  );
  rows.sort(([a = ''], [b = '']) => a.localeCompare(b));
  const head = ['DAY', 'SCANS', 'REJECTED', 'MB', 'COMPUTE S', 'EST. USD', 'KEY ID'];
  for (const line of renderTable([head, ...rows])) output.line(line);
  const [report] = reports;
  if (report !== undefined) {
    output.note(`Estimates at list price of ${report.prices.date}, ${report.prices.region}, without monthly charges.`);
  }
};
