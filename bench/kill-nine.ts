import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tinyScan } from '../test/support/tiny-scan';
import { startServer, withTemporaryFolder } from './local-server';

/**
 * `npm run bench:kill-nine`: 500 different scans dropped into the folder, the server killed with SIGKILL twice while it
 * works on them, started again: every scan must have one result, none two.
 */
const FILES = 500;
/** Results seen when the server is killed. */
const KILL_AT = [120, 310];

const main = async (folder: string): Promise<void> => {
  let server = await startServer(folder);
  for (let index = 0; index < FILES; index += 1)
    writeFileSync(join(server.scanFolder, `scan-${index}.png`), tinyScan(index));
  for (const count of KILL_AT) {
    let seen = 0;
    while (seen < count) {
      await delay(20);
      seen = (await server.list()).length;
    }
    await server.stop('SIGKILL');
    console.log(`killed at ${seen} results`);
    server = await startServer(folder);
  }
  let results = await server.list();
  while (results.length < FILES) {
    await delay(200);
    results = await server.list();
  }
  await delay(3000);
  results = await server.list();
  const keys = new Set(results.map((result) => result.source.key));
  const classified = results.filter((result) => result.state === 'classified').length;
  console.log(`${FILES} files: ${results.length} results, ${classified} classified, ${keys.size} different keys`);
  await server.stop();
  process.exitCode = results.length === FILES && keys.size === FILES && classified === FILES ? 0 : 1;
};

withTemporaryFolder(main).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
