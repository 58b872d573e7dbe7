import fc from 'fast-check';
import { createUploadTickets, type UploadClaim } from '../../../lib/adapters/folder';

const KEY = 'uploads/0123456789abcdef0123456789abcdef';

const setUp = (secret = 'secret') => {
  const clock = { now: Date.UTC(2026, 0, 1, 12, 0, 0, 999) };
  const tickets = createUploadTickets({
    secret,
    baseUrl: () => 'http://127.0.0.1:4173',
    uploadUrlSeconds: 60,
    now: () => clock.now,
  });
  return { clock, tickets };
};

const claimOf = (uploadUrl: string): UploadClaim => {
  const { pathname, searchParams } = new URL(uploadUrl);
  return {
    key: decodeURIComponent(pathname.slice(1)),
    contentType: 'image/png',
    expires: searchParams.get('expires') ?? undefined,
    signature: searchParams.get('signature') ?? undefined,
  };
};

describe('upload tickets', () => {
  it('are URLs that say their key and expiry, and are honoured until then', () => {
    const { tickets, clock } = setUp();

    const ticket = tickets.issue(KEY, 'image/png');

    expect(ticket).toEqual({
      uploadUrl: expect.stringMatching(
        /^http:\/\/127\.0\.0\.1:4173\/uploads\/[0-9a-f]{32}\?expires=\d+&signature=[\w-]{43}$/,
      ),
      method: 'PUT',
      headers: { 'content-type': 'image/png' },
      expiresAt: '2026-01-01T12:01:00.000Z',
    });
    clock.now = Date.UTC(2026, 0, 1, 12, 0, 59, 999);
    expect(() => tickets.verify(claimOf(ticket.uploadUrl))).not.toThrow();
    clock.now = Date.UTC(2026, 0, 1, 12, 1, 0);
    expect(() => tickets.verify(claimOf(ticket.uploadUrl))).toThrow(/expires/);
  });

  it('are refused with any part changed, and by a server with another secret', () => {
    const { tickets } = setUp();
    const claim = claimOf(tickets.issue(KEY, 'image/png').uploadUrl);
    const changed: Partial<UploadClaim>[] = [
      { key: `${KEY.slice(0, -1)}0` },
      { contentType: 'image/jpeg' },
      { expires: String(Number(claim.expires) + 1) },
      { expires: undefined },
      { signature: undefined },
      { signature: 'é' },
      { signature: `${claim.signature?.slice(0, -2)}AA` },
    ];

    for (const change of changed) {
      expect(() => tickets.verify({ ...claim, ...change })).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED' }));
    }
    expect(() => setUp('another').tickets.verify(claim)).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED' }));
  });

  it('are never guessed', () => {
    const { tickets } = setUp();

    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (key, expires, signature) => {
        expect(() => tickets.verify({ key, contentType: 'image/png', expires, signature })).toThrow();
      }),
    );
  });
});
