import { startLocalCloud } from '../../lib/local';

/** A local cloud in a process of its own, to be killed: tsx test/support/serve-local-cloud.ts <options as JSON> */
const main = async (): Promise<void> => {
  const cloud = await startLocalCloud(JSON.parse(process.argv[2] ?? '{}'));
  process.once('SIGTERM', () => void cloud.stop().then(() => process.exit(0)));
};

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
