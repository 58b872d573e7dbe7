import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../lib/core/deployment-settings';
import { ROOT, synthesizeTo } from './synthesize';

/**
 * The whole of CloudFormation's own rules, once: elsewhere they are switched off, because the engine takes seconds to
 * start. (cfn-lint, being Python, is a step of its own in CI.)
 */
const variants = [
  { packaging: 'image' },
  { packaging: 'layers', corsOrigins: ['https://a.example', 'https://b.example'] },
  { packaging: 'layers', destroyData: true, webhookUrl: 'https://hooks.example.org/scans' },
] satisfies Partial<Settings>[];

let folder: string;
let outputs: string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sulcus-validation-'));
  process.env.CDK_VALIDATION = 'true';
  outputs = variants.map((settings, index) => synthesizeTo(join(folder, String(index)), settings));
  process.env.CDK_VALIDATION = 'false';
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const templates = () =>
  outputs.flatMap((output) =>
    readdirSync(output)
      .filter((name) => name.endsWith('.template.json'))
      .map((name) => join(output, name)),
  );

test('CloudFormation Validate finds nothing, and would fail the synthesis if it did', () => {
  const context = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')).context;
  const reports = outputs.map((output) => JSON.parse(readFileSync(join(output, 'validation-report.json'), 'utf8')));

  expect(context['@aws-cdk/core:validateAgainstDefaultRules']).toBe(true);
  expect(reports.map((report) => report.pluginReports)).toEqual(variants.map(() => []));
});

test('the templates hold no account, region or path of the machine that made them', () => {
  for (const file of templates()) {
    const text = readFileSync(file, 'utf8');

    expect(text).not.toContain(ROOT);
    expect(text).not.toContain(tmpdir());
    expect(text).not.toMatch(/\b\d{12}\b/);
  }
});
