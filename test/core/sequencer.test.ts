import fc from 'fast-check';
import { normaliseSequencer } from '../../lib/core/sequencer';

describe('normaliseSequencer', () => {
  it('pads on the right, so that a longer sequencer of the same beginning is newer', () => {
    const earlier = normaliseSequencer('0055AED6DCD90281E5');
    const later = normaliseSequencer('0055AED6DCD90281E500000001');

    expect(earlier).toHaveLength(64);
    expect(earlier < later).toBe(true);
  });

  it('treats digits padded by hand as equal', () => {
    expect(normaliseSequencer('00ab')).toBe(normaliseSequencer('00AB0'));
  });

  it('compares as the right-padded hexadecimal numbers do', () => {
    const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF'), minLength: 1, maxLength: 64 });
    const asNumber = (text: string) => BigInt(`0x${text.padEnd(64, '0')}`);

    fc.assert(
      fc.property(hex, hex, (a, b) => {
        const [left, right] = [normaliseSequencer(a), normaliseSequencer(b)];

        expect(left < right).toBe(asNumber(a) < asNumber(b));
        expect(left === right).toBe(asNumber(a) === asNumber(b));
      }),
    );
  });
});
