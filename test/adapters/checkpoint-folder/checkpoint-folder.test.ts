import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBundleFolder, openCheckpointFolder } from '../../../lib/adapters/checkpoint-folder';
import { sha256Hex } from '../../../lib/core/scan-ids';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sulcus-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = async (target: string, files: Record<string, string>): Promise<void> => {
  const sink = await createBundleFolder(target);
  for (const [path, text] of Object.entries(files)) {
    const writer = await sink.create(path);
    await writer.write(Buffer.from(text));
    await writer.close();
  }
  await sink.commit();
};

describe('a checkpoint folder', () => {
  test('is called by its name, whatever the path', async () => {
    await mkdir(join(folder, 'my-vit'));

    const source = await openCheckpointFolder(`${join(folder, 'my-vit')}/`);

    expect(source.name).toBe('my-vit');
  });

  test('lists its files and reads ranges of them', async () => {
    await writeFile(join(folder, 'a.bin'), 'hello world');
    const source = await openCheckpointFolder(folder);

    const file = await source.open('a.bin');

    expect(await source.list()).toEqual(['a.bin']);
    expect(file.sizeBytes).toBe(11);
    expect(Buffer.from(await file.read(6, 5)).toString()).toBe('world');
    expect(await file.sha256()).toBe(await sha256Hex('hello world'));
    await file.close();
  });

  test('that shrinks while it is read is refused', async () => {
    await writeFile(join(folder, 'a.bin'), 'hello');
    const file = await (await openCheckpointFolder(folder)).open('a.bin');

    await expect(file.read(2, 10)).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: 'expected 10 bytes at 2 of a.bin, received 3',
    });
    await file.close();
    await expect(file.read(0, 1)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  });

  test('that is missing, or lacks a file, or has a folder in its place, is refused', async () => {
    await mkdir(join(folder, 'model.safetensors'));
    const source = await openCheckpointFolder(folder);

    await expect(openCheckpointFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    await expect(source.open('none')).rejects.toMatchObject({ message: expect.stringContaining('file none') });
    await expect(source.open('model.safetensors')).rejects.toMatchObject({
      message: expect.stringContaining('a folder'),
    });
  });
});

describe('a bundle folder', () => {
  test('appears all at once', async () => {
    const sink = await createBundleFolder(join(folder, 'out'));
    const writer = await sink.create('onnx/m.onnx');
    await writer.write(Buffer.from('ab'));
    await writer.write(Buffer.from('c'));

    const file = await writer.close();

    expect(file).toEqual({ path: 'onnx/m.onnx', sizeBytes: 3, sha256: await sha256Hex('abc') });
    expect(await readFile(sink.locate('onnx/m.onnx'), 'utf8')).toBe('abc');
    expect((await readdir(folder)).includes('out')).toBe(false);
    await sink.commit();
    expect(await readdir(folder)).toEqual(['out']);
    expect(await readFile(join(folder, 'out', 'onnx', 'm.onnx'), 'utf8')).toBe('abc');
  });

  test('that is aborted in the middle of a file leaves nothing, not even its parent twice', async () => {
    const sink = await createBundleFolder(join(folder, 'out'));
    const writer = await sink.create('onnx/m.onnx');
    await writer.write(Buffer.from('ab'));

    await sink.abort();
    await sink.abort();

    expect(await readdir(folder)).toEqual([]);
  });

  test('forgets a discarded file, and its folder when that was the last', async () => {
    const sink = await createBundleFolder(join(folder, 'out'));
    for (const path of ['scratch/a', 'scratch/b', 'kept']) await (await sink.create(path)).close();

    await sink.discard('scratch/a');
    await sink.discard('scratch/b');

    await sink.commit();
    expect(await readdir(join(folder, 'out'))).toEqual(['kept']);
  });

  test('replaces an earlier bundle and keeps the files that are not of it', async () => {
    const target = join(folder, 'out');
    await put(target, { 'manifest.json': 'old', 'onnx/old.onnx': 'old' });
    await writeFile(join(target, 'README.md'), 'card');

    await put(target, { 'manifest.json': 'new', 'onnx/new.onnx': 'new' });

    expect((await readdir(target)).sort()).toEqual(['README.md', 'manifest.json', 'onnx']);
    expect(await readdir(join(target, 'onnx'))).toEqual(['new.onnx']);
    expect(await readFile(join(target, 'manifest.json'), 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['out']);
  });

  test('an earlier bundle stays as it was until the commit, and after an abort', async () => {
    const target = join(folder, 'out');
    await put(target, { 'manifest.json': 'old' });
    const sink = await createBundleFolder(target);
    await (await sink.create('manifest.json')).close();

    await sink.abort();

    expect(await readFile(join(target, 'manifest.json'), 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['out']);
  });

  test('takes an empty folder, refuses one with other files, and a file', async () => {
    await mkdir(join(folder, 'empty'));
    await mkdir(join(folder, 'photos'));
    await writeFile(join(folder, 'photos', 'cat.jpg'), '');

    await put(join(folder, 'empty'), { 'manifest.json': 'new' });

    expect(await readdir(join(folder, 'empty'))).toEqual(['manifest.json']);
    await expect(createBundleFolder(join(folder, 'photos'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(createBundleFolder(join(folder, 'photos', 'cat.jpg'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    expect(await readdir(join(folder, 'photos'))).toEqual(['cat.jpg']);
  });

  test('where nothing can be written is refused', async () => {
    await writeFile(join(folder, 'file'), '');

    await expect(createBundleFolder(join(folder, 'file', 'out'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
