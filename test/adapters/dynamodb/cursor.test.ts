import fc from 'fast-check';
import { decodeCursor, encodeCursor, positionOf } from '../../../lib/adapters/dynamodb/cursor';

const instant = fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
const scanId = fc.stringMatching(/^[0-9a-f]{32}$/);

describe('a cursor', () => {
  it('gives its position back and is safe in a URL', () => {
    fc.assert(
      fc.property(instant, scanId, (date, id) => {
        const position = positionOf(date.toISOString(), id);

        const cursor = encodeCursor(position);

        expect(decodeCursor(cursor)).toBe(position);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]{1,512}$/);
      }),
    );
  });

  it('is refused when it is any other text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.json().map((json) => Buffer.from(json).toString('base64url')),
        ),
        (text) => {
          expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
        },
      ),
    );
  });

  it('is refused when one character of it is changed, or leads to a position that is one', () => {
    const cursor = encodeCursor(positionOf('2026-11-23T10:00:00.000Z', '0123456789abcdef'.repeat(2)));

    fc.assert(
      fc.property(fc.nat(cursor.length - 1), fc.constantFrom(...'AZaz09-_=+/ '), (place, character) => {
        const changed = cursor.slice(0, place) + character + cursor.slice(place + 1);
        let position: string | undefined;
        try {
          position = decodeCursor(changed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_REQUEST' });
        }
        if (position !== undefined) expect(encodeCursor(position)).toBe(changed);
      }),
    );
  });
});
