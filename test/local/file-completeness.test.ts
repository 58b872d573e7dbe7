import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { hasEndMarker } from '../../lib/local/file-completeness';

describe('hasEndMarker', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'sulcus-marker-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const ends = async (bytes: Uint8Array): Promise<boolean> => {
    await writeFile(path.join(root, 'file'), bytes);
    return hasEndMarker(root, 'file');
  };
  const image = () => sharp({ create: { width: 20, height: 20, channels: 3, background: '#123456' } });

  it.each(['png', 'jpeg', 'gif', 'webp'] as const)(
    'is true of a whole %s and of no beginning of it',
    async (format) => {
      const whole = await image().toFormat(format).toBuffer();

      const beginnings = [];
      for (let length = 0; length < whole.length; length += 1) {
        if (await ends(whole.subarray(0, length))) beginnings.push(length);
      }

      expect(await ends(whole)).toBe(true);
      // A RIFF file may leave its last byte of padding away.
      expect(beginnings.filter((length) => length < whole.length - 1)).toEqual([]);
    },
  );

  it.each([
    ['a TIFF, which has no end of its own', () => image().tiff().toBuffer()],
    [
      'a PNG with something behind its end',
      async () => Buffer.concat([await image().png().toBuffer(), Buffer.from('x')]),
    ],
    ['an empty file', async () => Buffer.alloc(0)],
    ['text', async () => Buffer.from('IEND'.repeat(20))],
  ])('is false of %s', async (_, make) => {
    expect(await ends(await make())).toBe(false);
  });
});
