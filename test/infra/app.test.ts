import { spawnSync } from 'node:child_process';
import { ROOT } from './synthesize';

/** Runs the command of cdk.json as the CDK CLI does. */
const runApp = (context: Record<string, unknown>) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'bin/app.ts'], {
    cwd: ROOT,
    env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context) },
    encoding: 'utf8',
  });

test('a wrong setting ends the app with one plain line each', () => {
  const { status, stderr } = runApp({ packaging: 'zip', destroyData: 'maybe' });

  expect(status).toBe(1);
  expect(stderr).toBe(
    'sulcus: expected image or layers for -c packaging, received "zip"\n' +
      'sulcus: expected true or false for -c destroyData, received "maybe"\n',
  );
});
