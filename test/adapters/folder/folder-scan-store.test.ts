import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { createFolderScanStore, createUploadTickets, FOLDER_BUCKET, isObjectKey } from '../../../lib/adapters/folder';

const reference = (key: string) => ({ bucket: FOLDER_BUCKET, key, versionId: null, etag: null });

async function* chunks(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('the folder store', () => {
  let parent: string;
  let root: string;
  const open = () => {
    const tickets = createUploadTickets({
      secret: 's',
      baseUrl: () => 'http://x',
      uploadUrlSeconds: 900,
      now: Date.now,
    });
    return createFolderScanStore({ root, tickets });
  };
  beforeEach(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'sulcus-folder-'));
    root = path.join(parent, 'scans');
    await mkdir(root);
    await writeFile(path.join(parent, 'outside.txt'), 'secret');
  });
  afterEach(() => rm(parent, { recursive: true }));

  it.each([
    '../outside.txt',
    'a/../../outside.txt',
    './a',
    'a//b',
    '/etc/passwd',
    '',
    'a/',
    'nul\0byte',
    'x'.repeat(1025),
  ])('neither reads, removes nor writes the key %j', async (key) => {
    const store = open();

    await expect(store.read(reference(key), 100)).rejects.toMatchObject({ code: 'SCAN_NOT_FOUND' });
    await expect(store.write(key, chunks('x'), 100)).rejects.toMatchObject({ code: 'SCAN_NOT_FOUND' });
    await store.remove(FOLDER_BUCKET, key);

    expect(await readFile(path.join(parent, 'outside.txt'), 'utf8')).toBe('secret');
  });

  it('takes no key whose path would leave the folder', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', '', 'a', '/', '\0', '...', 'b c'), { maxLength: 6 }), (parts) => {
        const key = parts.join('/');
        const inside = path.resolve('/root', key).startsWith('/root/');

        expect(isObjectKey(key) && !inside).toBe(false);
      }),
    );
  });

  // Windows lets few people make links.
  const onPosix = process.platform === 'win32' ? it.skip : it;
  onPosix('follows no symbolic link, to a file or to a folder', async () => {
    await symlink(path.join(parent, 'outside.txt'), path.join(root, 'link.png'));
    await symlink(parent, path.join(root, 'folder'));
    const store = open();

    await expect(store.read(reference('link.png'), 100)).rejects.toMatchObject({ code: 'SCAN_NOT_FOUND' });
    await expect(store.read(reference('folder/outside.txt'), 100)).rejects.toMatchObject({ code: 'SCAN_NOT_FOUND' });
    await store.remove(FOLDER_BUCKET, 'folder/outside.txt');
    expect(await readFile(path.join(parent, 'outside.txt'), 'utf8')).toBe('secret');
  });

  it('reads neither a folder nor a named pipe, and waits for neither', async () => {
    await mkdir(path.join(root, 'folder.png'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [path.join(root, 'pipe.png')]);

    for (const key of ['folder.png', 'pipe.png']) {
      await expect(open().read(reference(key), 100)).rejects.toMatchObject({ code: 'SCAN_NOT_FOUND' });
    }
  });

  it('knows its own bucket only', async () => {
    await writeFile(path.join(root, 'a.png'), 'a');
    const store = open();

    await expect(store.read({ ...reference('a.png'), bucket: 'other' }, 100)).rejects.toMatchObject({
      code: 'SCAN_NOT_FOUND',
    });
    await store.remove('other', 'a.png');
    expect(await readFile(path.join(root, 'a.png'), 'utf8')).toBe('a');
  });

  it('writes an object whole or not at all, and leaves nothing beside it', async () => {
    const store = open();
    await store.write('uploads/one', chunks('first ', 'content'), 100);

    await expect(store.write('uploads/one', chunks('much too ', 'long'), 10)).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
    });

    expect(await readFile(path.join(root, 'uploads/one'), 'utf8')).toBe('first content');
    expect(await readdir(path.join(root, '.incoming'))).toEqual([]);
    await store.clean();
    expect(await readdir(root)).toEqual(['uploads']);
  });

  it('dates a second content of a key after the first, even when the clock does not tick or runs back', async () => {
    const store = open();
    await store.write('a.png', chunks('1'), 10);
    const future = new Date(Date.now() + 60_000);
    await utimes(path.join(root, 'a.png'), future, future);

    await store.write('a.png', chunks('2'), 10);

    expect((await stat(path.join(root, 'a.png'))).mtimeMs).toBeGreaterThan(future.getTime());
  });

  it('replaces a name that is linked elsewhere without touching the other', async () => {
    await writeFile(path.join(root, 'a.png'), 'old');
    await link(path.join(root, 'a.png'), path.join(parent, 'linked.png'));

    await open().write('a.png', chunks('new'), 10);

    expect(await readFile(path.join(parent, 'linked.png'), 'utf8')).toBe('old');
  });
});
