import type { BackfillReport } from '../../core/backfill-report';
import { EXIT } from '../exit-codes';
import type { Output } from '../output';
import { renderReport } from './render-report';

/**
 * Prints a report, as JSON with further facts before it.
 * @returns failed when a scan failed; rejections are results
 */
export const showReport = (
  report: BackfillReport,
  { json = false, dryRun }: { readonly json?: boolean; readonly dryRun: boolean },
  output: Output,
  facts: Readonly<Record<string, unknown>> = {},
): number => {
  if (json) output.line(JSON.stringify({ ...facts, dryRun, ...report }));
  else for (const line of renderReport(report)) output.line(line);
  return report.outcomes.failed > 0 ? EXIT.failed : EXIT.ok;
};
