import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { Settings } from '../../lib/core/deployment-settings';
import { findingsOf, unexplained } from './nag-findings';
import { createApp, find, findOne } from './synthesize';

/** Every packaging, access and source of scans together: what each brings must not depend on the others. */
const AUTHS = {
  apiKey: { auth: 'apiKey' },
  iam: { auth: 'iam' },
  jwt: { auth: 'jwt', jwtIssuer: 'https://login.example', jwtAudience: 'sulcus' },
} as const satisfies Record<string, Partial<Settings>>;
const BUCKETS = {
  'its own bucket': {},
  'an existing bucket': { existingBucket: 'scans-of-ours', existingBucketPrefix: 'mri/' },
} as const satisfies Record<string, Partial<Settings>>;

const variants = (['image', 'layers'] as const).flatMap((packaging) =>
  (Object.keys(AUTHS) as (keyof typeof AUTHS)[]).flatMap((auth) =>
    (Object.keys(BUCKETS) as (keyof typeof BUCKETS)[]).map((bucket) => ({ packaging, auth, bucket })),
  ),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sulcus-variants-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(variants)('$packaging, $auth, $bucket: synthesises, and cdk-nag finds nothing unexplained', (variant) => {
  const { packaging, auth, bucket } = variant;
  const app = createApp(join(folder, `${packaging}-${auth}-${bucket}`), {
    packaging,
    ...AUTHS[auth],
    ...BUCKETS[bucket],
  });

  app.synth();

  const template = (id: string) => Template.fromStack(app.node.findChild(id) as Stack);
  const [api, ingest, data] = [template('SulcusApi'), template('SulcusIngest'), template('SulcusData')];
  const classifying = [
    findOne(api, 'AWS::Lambda::Function', 'ClassifyApi'),
    findOne(ingest, 'AWS::Lambda::Function', 'ClassifyUpload'),
    findOne(ingest, 'AWS::Lambda::Function', 'BackfillScans'),
  ];
  const layers = packaging === 'layers' ? 2 : undefined;
  expect(classifying.map(({ Properties }) => Properties.Layers?.length)).toEqual([layers, layers, layers]);
  const access = find(api, 'AWS::ApiGateway::Method').map(([, { Properties }]) => Properties.AuthorizationType);
  expect(new Set(access)).toEqual(new Set(['NONE', auth === 'iam' ? 'AWS_IAM' : 'CUSTOM']));
  expect(find(data, 'AWS::Events::Rule')).toHaveLength(bucket === 'an existing bucket' ? 1 : 0);
  expect(unexplained(app, findingsOf(app))).toEqual([]);
});
