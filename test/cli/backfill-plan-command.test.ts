import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '../../lib/adapters/logging/powertools-logger';
import { backfillPlanCommand } from '../../lib/cli/backfill-plan-command';
import { SCAN_LOG_BYTES } from '../../lib/core/backfill-plan';
import { recordOutput } from '../support/output-recorder';

const PAGE = readFileSync(join(__dirname, '../../docs/backfill.md'), 'utf8');

const run = async (options: Partial<Parameters<typeof backfillPlanCommand>[0]> = {}) => {
  const output = recordOutput();
  const exitCode = await backfillPlanCommand({ scans: 100_000_000, ...options }, output);
  return { exitCode, text: output.lines.join('\n') };
};
const plansOf = async (concurrency: readonly number[], scans = 100_000_000) =>
  JSON.parse((await run({ json: true, concurrency, scans })).text).plans;

describe('sulcus backfill-plan', () => {
  test('prints the plan that the documentation shows', async () => {
    const { exitCode, text } = await run();

    expect(exitCode).toBe(0);
    expect(PAGE).toContain(`\`\`\`\n${text}\n\`\`\`\n`);
  });

  test('ten times as many batches at once take a tenth of the time, for the same money but cold starts', async () => {
    const [few, many] = await plansOf([50, 500]);

    expect(few.rates.hours / many.rates.hours).toBeCloseTo(10, 6);
    expect({ ...few.cost, coldStarts: 0 }).toEqual({ ...many.cost, coldStarts: 0 });
  });

  test('time is work over workers', async () => {
    const [{ rates }] = await plansOf([1], 7200);
    const { scan } = JSON.parse((await run({ json: true })).text);

    expect(rates.hours).toBeCloseTo((7200 * (scan.computeMs + 40)) / 3.6e6, 9);
  });

  test('marks what is over its quota, and only that', async () => {
    const [plan] = await plansOf([10_000], 100_000_001);
    const over = plan.limits.filter(({ used, quota }: { used: number; quota: number }) => used > quota);
    const names: string[] = over.map(({ name }: { name: string }) => name);

    expect(names).toContain('Lambda, functions at once');
    expect(names).toContain('Step Functions, objects of a map run');
    expect(names).not.toContain('Step Functions, children of a map run');
    expect(
      (await plansOf([1]))[0].limits.every(({ used, quota }: { used: number; quota: number }) => used <= quota),
    ).toBe(true);
  });

  test('knows how long the line of a scan is', () => {
    const written: string[] = [];
    const spy = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
    const logged = createLogger('backfill-scans');
    logged.info('scan', {
      scanId: 'a'.repeat(32),
      outcome: 'classified',
      backfill: true,
      modelDigest: `sha256:${'a'.repeat(64)}`,
      decodeMs: 3.123456789012345,
      preprocessMs: 0.8312345678901234,
      inferenceMs: 25.21123456789012,
      abstained: false,
      abstainReason: null,
    });
    spy.mockRestore();

    expect(Math.abs(written.join('').trim().length + 26 - SCAN_LOG_BYTES)).toBeLessThan(60);
  });

  test('names the models it could have been asked for', async () => {
    await expect(run({ model: 'other' })).rejects.toThrow(/expected one of ViT-S\/16, .* received other/);
  });
});
