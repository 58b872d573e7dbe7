import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import * as onnx from '../../lib/adapters/onnx';
import { classifyCommand } from '../../lib/cli/classify-command';
import { readSessionSettings } from '../../lib/cli/session-settings';
import { ENV } from '../../lib/topology';
import { createFakeModel } from '../support/fake-classifier';
import { recordOutput } from '../support/output-recorder';

jest.mock('../../lib/adapters/onnx', () => ({ openModel: jest.fn() }));
const openModel = jest.mocked(onnx.openModel);

const NAMES = [ENV.threads, ENV.exactProducts, ENV.prepack];
const unset = () => {
  for (const name of NAMES) delete process.env[name];
};
beforeEach(unset);
afterEach(() => {
  unset();
  openModel.mockReset();
});

describe("a command's session", () => {
  test('runs as the environment says, with the threads of the option', () => {
    process.env[ENV.threads] = '3';
    process.env[ENV.exactProducts] = 'on';

    expect(readSessionSettings()).toMatchObject({ threads: 3, exactProducts: true, prepack: undefined });
    expect(readSessionSettings(2)).toMatchObject({ threads: 2, exactProducts: true });
  });

  test('is not opened with a value that is none', async () => {
    process.env[ENV.exactProducts] = 'maybe';

    const classifying = classifyCommand([__filename], { model: 'none' }, recordOutput());

    await expect(classifying).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('SULCUS_EXACT_PRODUCTS: expected auto, on or off'),
    });
    expect(openModel).not.toHaveBeenCalled();
  });
});

describe('sulcus classify', () => {
  let folder: string;
  let scan: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sulcus-session-'));
    scan = join(folder, 'scan.png');
    await sharp({ create: { width: 8, height: 8, channels: 3, background: 'grey' } }).toFile(scan);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('tells the session how many scans it will serve, and hands the environment on', async () => {
    process.env[ENV.exactProducts] = 'off';
    process.env[ENV.prepack] = 'on';
    openModel.mockResolvedValue(createFakeModel());

    await classifyCommand([scan], { model: 'some/bundle', threads: 1 }, recordOutput());

    expect(openModel.mock.calls).toEqual([
      [
        'some/bundle',
        { threads: 1, cpus: undefined, exactProducts: false, prepack: true, expectedScans: 1, verify: true },
      ],
    ]);
  });
});
