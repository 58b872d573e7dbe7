import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { costCommand } from '../../lib/cli/cost-command';
import { recordOutput } from '../support/output-recorder';

describe('sulcus cost', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-cost-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const benchFile = (rows: object[]): string => {
    const file = join(folder, `${crypto.randomUUID()}.json`);
    writeFileSync(file, JSON.stringify({ machine: { cpu: 'Some CPU', instructions: ['avx512_vnni'] }, rows }));
    return file;
  };
  const row = (model: string, contender: string, p50: number) => ({
    model,
    threads: 1,
    contender,
    image: { p50, min: p50, samples: 9 },
    cold: { p50: 10 * p50, min: 10 * p50, samples: 9 },
  });
  const measured = () => benchFile([row('mine', 'sulcus', 40), row('mine', 'sulcus-cold', 50)]);
  const run = async (options: Partial<Parameters<typeof costCommand>[0]>) => {
    const output = recordOutput();
    const exitCode = await costCommand({ scansPerMonth: 100_000, size: 0.05, ...options }, output);
    return { exitCode, lines: output.lines };
  };

  test('prints every service by architecture and packaging, and when a box is cheaper', async () => {
    const { exitCode, lines } = await run({});

    const text = lines.join('\n');
    expect(exitCode).toBe(0);
    expect(text).toMatch(/^100,000 scans a month of 0\.05 MB, .* list prices of \d{4}-\d\d-\d\d \(us-east-1\)/);
    expect(text).toMatch(/a month +x86_64 image +x86_64 layers +arm64 image +arm64 layers/);
    for (const service of ['Lambda', 'API Gateway', 'S3', 'DynamoDB', 'SQS', 'logs', 'KMS'])
      expect(text).toContain(service);
    expect(text).toMatch(/always on, at most [\d,]+ scans: cheaper from [\d,]+ scans a month/);
  });

  test('takes times from a bench of one’s own, for the API those of weights not rearranged', async () => {
    const { lines } = await run({ measured: measured(), json: true });

    const { machine, sections } = JSON.parse(lines[0] as string);
    expect(machine).toBe('Some CPU, with 8-bit dot products');
    expect(sections.map(({ path, scan }: { path: string; scan: object }) => [path, scan])).toEqual([
      ['api', { model: 'mine', computeMs: 50, coldMs: 500 }],
      ['upload', { model: 'mine', computeMs: 40, coldMs: 400 }],
    ]);
  });

  test('has a line for the webhook where there is one', async () => {
    const line = /^ *webhook: queue, sending, secret +(?:[\d.]+ *){4}$/m;

    expect((await run({})).lines.join('\n')).not.toMatch(line);
    expect((await run({ webhook: true })).lines.join('\n')).toMatch(line);
  });

  test('leaves the API out for files that it does not take', async () => {
    const { lines } = await run({ size: 20, json: true });

    expect(JSON.parse(lines[0] as string).sections.map(({ path }: { path: string }) => path)).toEqual(['upload']);
  });

  test.each([
    ['a model that the file has not', () => ({ measured: measured(), model: 'other' })],
    ['a file without figures of ours', () => ({ measured: benchFile([row('mine', 'transformers-q8', 90)]) })],
    ['a file that is no JSON', () => ({ measured: __filename })],
    ['a file that is not there', () => ({ measured: join(folder, 'none.json') })],
  ])('refuses %s', async (_, options) => {
    await expect(run(options())).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
