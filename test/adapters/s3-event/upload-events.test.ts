import fc from 'fast-check';
import { parseUploadEvents } from '../../../lib/adapters/s3-event';
import { isSulcusError } from '../../../lib/core/errors';
import { eventBridgeBody, s3Body, s3Record } from '../../support/s3-messages';

const keysOf = (body: string): string[] => parseUploadEvents(body).map(({ key }) => key);

/** As S3 encodes keys into notifications: java.net.URLEncoder. */
const formEncode = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

describe('parseUploadEvents', () => {
  it('reads what identifies and orders an object', () => {
    const body = s3Body(s3Record({ versionId: 'v1', eTag: '"abc"', size: 42 }));

    expect(parseUploadEvents(body)).toEqual([
      {
        bucket: 'test-bucket',
        key: 'scan.png',
        versionId: 'v1',
        etag: 'abc',
        sizeBytes: 42,
        sequencer: '0055AED6DCD90281E5',
        eventTime: '2026-01-02T03:04:05.678Z',
      },
    ]);
  });

  it.each([
    ['space+plus%2Btest.png', 'space plus+test.png'],
    ['caf%C3%A9.png', 'café.png'],
    ['cafe%CC%81.png', 'cafe\u0301.png'],
    ['%F0%9F%A7%A0.png', '🧠.png'],
    ['a/b+c/d%20e.png', 'a/b c/d e.png'],
    ['scan+%281%29.png', 'scan (1).png'],
    ['scan(1).png', 'scan(1).png'],
    ['100%25.png', '100%.png'],
    ['%252B.png', '%2B.png'],
  ])('decodes the key %s', (encoded, key) => {
    expect(keysOf(s3Body(s3Record({ key: encoded })))).toEqual([key]);
  });

  it('gives back any key that S3 encoded', () => {
    const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }).filter((text) => text.isWellFormed());

    fc.assert(
      fc.property(key, (text) => {
        expect(keysOf(s3Body(s3Record({ key: formEncode(text) })))).toEqual([text]);
      }),
    );
  });

  it('reads every record of a message, and only created objects', () => {
    const body = s3Body(
      s3Record({ key: 'put.png' }),
      s3Record({ key: 'removed.png', eventName: 'ObjectRemoved:Delete' }),
      s3Record({ key: 'multipart.png', eventName: 'ObjectCreated:CompleteMultipartUpload' }),
      s3Record({ key: 'copy.png', eventName: 's3:ObjectCreated:Copy' }),
    );

    expect(keysOf(body)).toEqual(['put.png', 'multipart.png', 'copy.png']);
  });

  it('ignores records of other kinds without looking into them', () => {
    expect(parseUploadEvents('{"Records":[{"eventName":"ObjectRemoved:Delete"}]}')).toEqual([]);
  });

  it("orders by the event's time where a store that speaks like S3 sends no sequencer", () => {
    const { sequencer, ...object } = s3Record().s3.object;
    const at = (eventTime: string) => ({ ...s3Record(), eventTime, s3: { ...s3Record().s3, object } });
    const body = JSON.stringify({ Records: [at('2026-01-02T03:04:05.678Z'), at('2026-01-02T03:04:05.679Z')] });

    const [earlier, later] = parseUploadEvents(body);

    expect(earlier?.sequencer).toMatch(/^[0-9a-f]{16}$/);
    expect((earlier?.sequencer ?? '') < (later?.sequencer ?? '')).toBe(true);
  });

  it('ignores the test event that S3 sends when a notification is set up', () => {
    const body = JSON.stringify({
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: '2026-01-02T03:04:05.678Z',
      Bucket: 'test-bucket',
      RequestId: '5582815E1AEA5ADF',
      HostId: '8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE',
    });

    expect(parseUploadEvents(body)).toEqual([]);
  });

  it('ignores the empty object that makes a folder in the console', () => {
    expect(parseUploadEvents(s3Body(s3Record({ key: 'patients/', size: 0 })))).toEqual([]);
  });

  it("takes EventBridge's shape of the same event, whose key is plain", () => {
    expect(parseUploadEvents(eventBridgeBody('a b+c%2B/é.png'))).toEqual([
      {
        bucket: 'test-bucket',
        key: 'a b+c%2B/é.png',
        versionId: 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e',
        etag: 'b1946ac92492d2347c6235b4d2611184',
        sizeBytes: 5,
        sequencer: '617f08299329d189',
        eventTime: '2026-01-02T03:04:05.000Z',
      },
    ]);
    expect(parseUploadEvents(eventBridgeBody('a.png', 'Object Deleted'))).toEqual([]);
  });

  it('takes no result for a scan that was written beside one', () => {
    const bodies = [s3Body(s3Record({ key: 'mri%2Fa+b.png.sulcus.json' })), eventBridgeBody('a.png.sulcus.json')];

    expect(bodies.map((body) => parseUploadEvents(body))).toEqual([[], []]);
  });

  const { s3, ...withoutObject } = s3Record();
  it.each([
    ['no JSON', 'Hello'],
    ['another JSON', '{"hello":"world"}'],
    ['null', 'null'],
    ['a created object without its object', JSON.stringify({ Records: [withoutObject] })],
    [
      'a created object with an empty sequencer',
      s3Body({ ...s3Record(), s3: { ...s3, object: { ...s3.object, sequencer: '' } } }),
    ],
    ['a broken escape in the key', s3Body(s3Record({ key: 'a%2.png' }))],
    ['an escape that is no UTF-8', s3Body(s3Record({ key: 'a%FF.png' }))],
    ['an incomplete EventBridge event', '{"source":"aws.s3","detail-type":"Object Created","detail":{}}'],
  ])('refuses %s', (_, body) => {
    expect(() => parseUploadEvents(body)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
  });

  it('never puts a key into its message', () => {
    const act = () => parseUploadEvents(s3Body(s3Record({ key: 'Jane%20Doe%2.png' })));

    expect(act).toThrow(expect.objectContaining({ message: expect.not.stringContaining('Jane') }));
  });

  it('answers any text with events or INVALID_REQUEST', () => {
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((Records) => JSON.stringify({ Records })),
    );

    fc.assert(
      fc.property(body, (text) => {
        let problem: unknown;
        try {
          parseUploadEvents(text);
        } catch (error) {
          problem = error;
        }

        expect(problem === undefined || (isSulcusError(problem) && problem.code === 'INVALID_REQUEST')).toBe(true);
      }),
    );
  });
});
