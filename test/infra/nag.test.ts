import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, HIPAASecurityChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import type { Settings } from '../../lib/core/deployment-settings';
import { createApp } from './synthesize';

/** Settings that add or change resources, two or more of each. */
const VARIANTS: Readonly<Record<string, Partial<Settings>>> = {
  defaults: {},
  'layers, everything off': { packaging: 'layers', auditTrail: false },
  'everything on': {
    packaging: 'image',
    auth: 'jwt',
    jwtIssuer: 'https://login.example',
    jwtAudience: 'sulcus',
    vpc: true,
    waf: true,
    existingBucket: 'scans-of-ours',
    existingBucketPrefix: 'mri/',
    existingBucketKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/abc',
    resultObjects: true,
    webhookUrl: 'https://hooks.example.org/scans',
    retentionDays: 30,
    alarmEmail: 'ops@example.org',
    corsOrigins: ['https://a.example'],
    domainName: 'scans.example.org',
    certificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/abc',
    destroyData: true,
    region: 'eu-central-1',
  },
  'IAM, whole existing bucket': { auth: 'iam', existingBucket: 'scans-of-ours', snapStart: true },
};

interface Finding {
  readonly rule: string;
  readonly path: string;
}

let folder: string;
const apps = new Map<string, App>();
const findings = new Map<string, Finding[]>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sulcus-nag-'));
  for (const [index, [name, settings]] of Object.entries(VARIANTS).entries()) {
    const app = createApp(join(folder, String(index)), settings);
    app.synth();
    apps.set(name, app);
    const reports = [new AwsSolutionsChecks(app), new HIPAASecurityChecks(app)].map((pack) => ({
      pack: pack.name,
      violations: pack.validateScope(app).violations,
    }));
    findings.set(
      name,
      reports.flatMap(({ pack, violations }) =>
        violations.flatMap(({ ruleName, violatingResources }) =>
          violatingResources.map(({ constructPath }) => ({ rule: `${pack}::${ruleName}`, path: constructPath ?? '' })),
        ),
      ),
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reasons by rule of cdk-nag that a construct gives itself; CDK's own warnings have others. */
const reasonsOf = (construct: IConstruct): Readonly<Record<string, string>> =>
  Object.assign(
    {},
    ...construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .filter(([rule]) => /^(AwsSolutions|HIPAA\.Security)::/.test(rule))
      .map(([rule, reason]) => ({ [rule]: reason })),
  );

test.each(Object.keys(VARIANTS))('%s: cdk-nag finds nothing that no construct gives a reason for', (name) => {
  const app = apps.get(name) as App;
  const unexplained = (findings.get(name) ?? []).filter(({ rule, path }) => {
    const resource = path.split('/').reduce<IConstruct>((node, part) => node.node.findChild(part), app);
    return !resource.node.scopes.some((scope) => rule in reasonsOf(scope));
  });

  expect(unexplained).toEqual([]);
});

test('every reason is a sentence, and answers a finding of some variant', () => {
  const used = new Set<string>();
  const given = new Map<string, string>();
  for (const [name, app] of apps) {
    const paths = findings.get(name) ?? [];
    for (const construct of app.node.findAll()) {
      for (const [rule, reason] of Object.entries(reasonsOf(construct))) {
        // The place without the stack's, so that the same construct in two stacks counts once.
        const place = `${construct.node.path} ${rule}`;
        given.set(place, reason);
        const { path } = construct.node;
        if (paths.some((found) => found.rule === rule && `${found.path}/`.startsWith(`${path}/`))) used.add(place);
      }
    }
  }

  expect(given.size).toBeGreaterThan(0);
  for (const reason of given.values()) expect(reason).toMatch(/^[A-Z].{30,}\.$/);
  expect([...given.keys()].filter((place) => !used.has(place))).toEqual([]);
});
