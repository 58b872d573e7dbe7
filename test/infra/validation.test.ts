import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, synthesizeTo } from './synthesize';

/**
 * The whole of CloudFormation's own rules, once: elsewhere they are switched off, because the engine takes seconds to
 * start. And cfn-lint, where the machine has it.
 */
const variants = [
  { packaging: 'image' },
  { packaging: 'layers', corsOrigins: ['https://a.example', 'https://b.example'] },
  { packaging: 'layers', destroyData: true },
] as const;

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

const cfnLint = [process.env.CFN_LINT ?? 'cfn-lint'].find(
  (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
);
const whereInstalled = cfnLint === undefined ? test.skip : test;
whereInstalled('cfn-lint finds nothing (skipped without cfn-lint: pip install cfn-lint, or set CFN_LINT)', () => {
  const files = templates();

  expect(files).toHaveLength(3 * variants.length);
  execFileSync(cfnLint as string, files, { stdio: 'pipe' });
});

test('the templates hold no account, region or path of the machine that made them', () => {
  for (const file of templates()) {
    const text = readFileSync(file, 'utf8');

    expect(text).not.toContain(ROOT);
    expect(text).not.toContain(tmpdir());
    expect(text).not.toMatch(/\b\d{12}\b/);
  }
});
