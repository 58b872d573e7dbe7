import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FolderWatch, watchFolder } from '../../lib/local/watch-folder';
import { until } from '../support/local-cloud';
import { createLogRecorder } from '../support/log-recorder';

describe('watchFolder', () => {
  let root: string;
  let watch: FolderWatch | undefined;
  const events: string[] = [];
  const open = (rescanMs = 60_000) => {
    watch = watchFolder({
      root,
      onFile: ({ key, sizeBytes }, initial) => events.push(`${initial ? 'initial' : 'live'} ${key} ${sizeBytes}`),
      onGone: (key) => events.push(`gone ${key}`),
      logger: createLogRecorder(),
      rescanMs,
    });
    return watch.ready;
  };
  const put = async (name: string, content = 'x') => {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  };
  const seen = (event: string) => until(async () => events.includes(event), 5_000);
  beforeEach(async () => {
    events.length = 0;
    root = await mkdtemp(path.join(tmpdir(), 'sulcus-watch-'));
  });
  afterEach(async () => {
    await watch?.close();
    await rm(root, { recursive: true, force: true });
  });

  it('reports what is there, then what comes, grows and goes', async () => {
    await put('a/b/there.png');
    await open();
    expect(events).toEqual(['initial a/b/there.png 1']);

    await put('new.png', 'xx');
    await seen('live new.png 2');
    await appendFile(path.join(root, 'new.png'), 'x');
    await seen('live new.png 3');
    await rm(path.join(root, 'new.png'));
    await seen('gone new.png');
  });

  it('reports what lies in folders made, filled or moved in a moment', async () => {
    await open();

    for (let index = 0; index < 20; index += 1) await put(`new ${index}/deep/${index}.png`);

    for (let index = 0; index < 20; index += 1) await seen(`live new ${index}/deep/${index}.png 1`);
  });

  it('follows a folder to its new name', async () => {
    await put('before/a.png');
    await open();

    await rename(path.join(root, 'before'), path.join(root, 'after'));
    await seen('live after/a.png 1');
    await seen('gone before/a.png');
    await put('after/b.png');

    await seen('live after/b.png 1');
    expect(events.filter((event) => event.includes('before/b'))).toEqual([]);
  });

  // Windows renames no folder that is watched.
  const onPosix = process.platform === 'win32' ? it.skip : it;
  onPosix('finds by its scans what no event told', async () => {
    await open(100);
    await watch?.ready;

    // A rename over the watched folder itself leaves the watch on a folder that is elsewhere.
    await rename(root, `${root}-elsewhere`);
    await put('unseen.png');
    await seen('live unseen.png 1');
    await rm(`${root}-elsewhere`, { recursive: true });
  });

  it('says nothing twice, and nothing after it is closed', async () => {
    await put('a.png');
    await open(50);
    await sleep(300);
    await watch?.close();
    await put('late.png');
    await sleep(100);

    expect(events).toEqual(['initial a.png 1']);
  });
});
