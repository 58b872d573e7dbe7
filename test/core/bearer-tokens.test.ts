import { authenticateToken } from '../../lib/core/bearer-tokens';

const tokens = {
  verify: async (token: string) => ({ issuer: 'https://login.example', subject: `subject of ${token}` }),
};

describe('authenticateToken', () => {
  it('names the subject the same each time, and without saying who it is', async () => {
    const names = await Promise.all(
      ['Bearer a.b.c', 'bearer  a.b.c', 'Bearer x.y.z'].map((authorization) =>
        authenticateToken(tokens, { authorization }),
      ),
    );

    expect(names.map(({ keyId }) => keyId)).toEqual([
      names[1]?.keyId,
      names[0]?.keyId,
      expect.not.stringMatching(names[0]!.keyId),
    ]);
    for (const { keyId } of names) expect(keyId).toMatch(/^[0-9a-f]{12}$/);
  });

  it.each([
    {},
    { authorization: '' },
    { authorization: 'Basic a' },
    { authorization: 'Bearer' },
    { apiKey: 'sulcus_x' },
  ])('refuses %j', async (credentials) => {
    await expect(authenticateToken(tokens, credentials)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });
});
