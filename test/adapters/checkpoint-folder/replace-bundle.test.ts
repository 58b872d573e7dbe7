import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBundleFolder } from '../../../lib/adapters/checkpoint-folder';

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sulcus-replace-'));
  target = join(folder, 'out');
  await mkdir(target);
  await writeFile(join(target, 'manifest.json'), 'old');
  await writeFile(join(target, 'LICENSE'), 'licence');
  await writeFile(join(target, 'README.md'), 'card');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const stage = async (path = target) => {
  const sink = await createBundleFolder(path);
  const writer = await sink.create('manifest.json');
  await writer.write(Buffer.from('new'));
  await writer.close();
  return sink;
};

test('an earlier bundle and the files beside it outlive a commit that fails, and the abort after it', async () => {
  const sink = await stage();
  await sink.abort();

  await expect(sink.commit()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });

  await sink.abort();
  expect(await readdir(folder)).toEqual(['out']);
  expect((await readdir(target)).sort()).toEqual(['LICENSE', 'README.md', 'manifest.json']);
  expect(await readFile(join(target, 'manifest.json'), 'utf8')).toBe('old');
});

test('files that came or went while the bundle was made are as they are at the commit', async () => {
  const sink = await stage();
  await rm(join(target, 'LICENSE'));
  await writeFile(join(target, 'NOTES.md'), 'notes');

  await sink.commit();

  expect((await readdir(target)).sort()).toEqual(['NOTES.md', 'README.md', 'manifest.json']);
  expect(await readFile(join(target, 'manifest.json'), 'utf8')).toBe('new');
  expect(await readFile(join(target, 'NOTES.md'), 'utf8')).toBe('notes');
  expect(await readdir(folder)).toEqual(['out']);
});

test('a folder of other files that appeared in the meantime is not replaced', async () => {
  const late = join(folder, 'late');
  const sink = await stage(late);
  await mkdir(late);
  await writeFile(join(late, 'photo.jpg'), '');

  await expect(sink.commit()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });

  await sink.abort();
  expect(await readdir(late)).toEqual(['photo.jpg']);
  expect((await readdir(folder)).sort()).toEqual(['late', 'out']);
});

test('a link to a bundle stays a link, and what it points at is replaced', async () => {
  const link = join(folder, 'current');
  // A junction needs no rights on Windows; elsewhere the type is ignored.
  await symlink(target, link, 'junction');

  await (await stage(link)).commit();

  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(join(target, 'manifest.json'), 'utf8')).toBe('new');
  expect((await readdir(target)).sort()).toEqual(['LICENSE', 'README.md', 'manifest.json']);
  expect((await readdir(folder)).sort()).toEqual(['current', 'out']);
});
