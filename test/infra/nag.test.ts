import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import type { Settings } from '../../lib/core/deployment-settings';
import { type Finding, findingsOf, reasonsOf, unexplained } from './nag-findings';
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

let folder: string;
const apps = new Map<string, App>();
const findings = new Map<string, Finding[]>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sulcus-nag-'));
  for (const [index, [name, settings]] of Object.entries(VARIANTS).entries()) {
    const app = createApp(join(folder, String(index)), settings);
    app.synth();
    apps.set(name, app);
    findings.set(name, findingsOf(app));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(Object.keys(VARIANTS))('%s: cdk-nag finds nothing that no construct gives a reason for', (name) => {
  const app = apps.get(name) as App;
  expect(unexplained(app, findings.get(name) ?? [])).toEqual([]);
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
