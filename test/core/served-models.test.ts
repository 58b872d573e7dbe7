import { addressesOf, assertDistinct } from '../../lib/core/served-models';

const models = (...names: string[]) =>
  names.map((text) => {
    const [name = '', version = ''] = text.split('@');
    return { name, version };
  });

describe('served models', () => {
  test('are asked for by name, and by version too where a name alone would not tell', () => {
    expect(addressesOf(models('a@1', 'b@1', 'a@2'))).toEqual(['a@1', 'b', 'a@2']);
  });

  test('may share a name or a version, and not both', () => {
    expect(() => assertDistinct(models('a@1', 'a@2', 'b@1'))).not.toThrow();
    expect(() => assertDistinct(models('a@1', 'b@1', 'a@1'))).toThrow(
      'expected model bundles of different name or version, received a@1 twice',
    );
  });
});
