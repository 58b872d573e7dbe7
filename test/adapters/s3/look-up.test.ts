import { createObjectLookup } from '../../../lib/adapters/s3';

const lookUp = (answer: object | Error) =>
  createObjectLookup({
    send: async () => {
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as never)('scans', 'a.png');

const LAST_MODIFIED = new Date('2026-01-02T03:04:05Z');
const head = { ETag: '"abc"', ContentLength: 7, LastModified: LAST_MODIFIED };

describe('an object looked up in S3', () => {
  test('is what its event would have told, but for the sequencer', async () => {
    expect(await lookUp({ ...head, VersionId: 'v1' })).toEqual({
      bucket: 'scans',
      key: 'a.png',
      versionId: 'v1',
      etag: 'abc',
      sizeBytes: 7,
      sequencer: null,
      eventTime: '2026-01-02T03:04:05.000Z',
    });
  });

  test.each([undefined, 'null'])(
    'has no version where the bucket keeps none, or kept none then (%s)',
    async (VersionId) => {
      expect((await lookUp({ ...head, VersionId }))?.versionId).toBeNull();
    },
  );

  test('is undefined when it is gone', async () => {
    const gone = Object.assign(new Error('gone'), { name: 'NotFound', $metadata: { httpStatusCode: 404 } });

    expect(await lookUp(gone)).toBeUndefined();
  });

  test('fails for another try when S3 says anything else', async () => {
    const denied = Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });

    await expect(lookUp(denied)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });
});
