import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFiles } from '../../lib/cli/find-files';

describe('findFiles', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-files-'));
    mkdirSync(join(folder, 'nested'));
    for (const name of ['b.png', 'a.JPG', 'notes.txt', '.hidden.png', 'nested/c d+é.tiff']) {
      writeFileSync(join(folder, name), '');
    }
    symlinkSync(folder, join(folder, 'nested', 'loop'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const names = (paths: readonly string[]) => paths.map((path) => path.slice(path.indexOf('sulcus-files-') + 20));

  test('a file is taken as it is, whatever its name', async () => {
    const path = join(folder, 'notes.txt');

    await expect(findFiles([path])).resolves.toEqual([path]);
  });

  test('a folder gives the images below it, sorted, without hidden files or followed links', async () => {
    const found = await findFiles([folder]);

    expect(names(found)).toEqual(['a.JPG', 'b.png', 'nested/c d+é.tiff']);
  });

  test('a glob gives what it matches', async () => {
    const found = await findFiles([`${folder}/*.{png,txt}`]);

    expect(names(found)).toEqual(['.hidden.png', 'b.png', 'notes.txt']);
  });

  test('a file named twice is taken once', async () => {
    const path = join(folder, 'b.png');

    await expect(findFiles([path, path])).resolves.toHaveLength(1);
  });

  test.each(['missing.png', '*.bmp'])('an argument that matches nothing is refused by name: %s', async (name) => {
    await expect(findFiles([join(folder, name)])).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining(name),
    });
  });

  test('a folder without images is refused', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'sulcus-empty-'));

    await expect(findFiles([empty])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });

    rmSync(empty, { recursive: true });
  });
});
