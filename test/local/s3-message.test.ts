import fc from 'fast-check';
import { parseUploadEvents } from '../../lib/adapters/s3-event';
import { createMessage } from '../../lib/local/s3-message';

describe('createMessage', () => {
  it('tells of an object as S3 does through SQS: what is read from it is what was put in', () => {
    const key = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => Buffer.from(text).toString() === text);

    fc.assert(
      fc.property(key, fc.nat(), (name, sizeBytes) => {
        const object = { key: name, sizeBytes, etag: 'abc', sequencer: '00ff', eventTime: '2026-01-02T03:04:05.678Z' };

        const { body } = JSON.parse(JSON.stringify(createMessage(object, 0)));

        const folderMarker = name.endsWith('/') && sizeBytes === 0;
        expect(parseUploadEvents(body)).toEqual(
          folderMarker ? [] : [{ ...object, bucket: 'scan-folder', versionId: null }],
        );
      }),
    );
  });

  it('escapes a key as HTML forms do', () => {
    const object = {
      key: "a b+(é)'~*-_.png",
      sizeBytes: 1,
      etag: 'a',
      sequencer: '1',
      eventTime: '2026-01-02T03:04:05Z',
    };

    const [record] = JSON.parse(createMessage(object, 0).body).Records;

    expect(record.s3.object.key).toBe('a+b%2B%28%C3%A9%29%27%7E*-_.png');
  });
});
