import { readConfig, SESSION_FIELDS, sessionSettings } from '../../../lib/adapters/config/config';

const read = (environment: Record<string, string>) => sessionSettings(readConfig(SESSION_FIELDS, environment));

describe('session settings from the environment', () => {
  test('unset, leave every choice to the session', () => {
    const settings = read({});

    expect(settings).toEqual({ threads: undefined, cpus: undefined, prepack: undefined, exactProducts: undefined });
  });

  test.each([
    ['auto', undefined],
    ['on', true],
    ['off', false],
  ])('SULCUS_EXACT_PRODUCTS and SULCUS_PREPACK take %s', (text, expected) => {
    const settings = read({ SULCUS_EXACT_PRODUCTS: text, SULCUS_PREPACK: text });

    expect(settings).toMatchObject({ exactProducts: expected, prepack: expected });
  });

  test.each([
    ['128', 128 / 1769],
    ['1769', 1],
    ['3538', 2],
    ['10240', 10240 / 1769],
  ])('Lambda with %s MB has the CPU time of %d vCPUs', (megabytes, cpus) => {
    const settings = read({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: megabytes });

    expect(settings.cpus).toBeCloseTo(cpus, 10);
  });

  test.each(['SULCUS_EXACT_PRODUCTS', 'SULCUS_PREPACK'])('%s with another value is refused by name', (name) => {
    for (const text of ['', 'true', '1', 'ON']) {
      expect(() => read({ [name]: text })).toThrow(
        expect.objectContaining({
          code: 'CONFIG_INVALID',
          message: expect.stringContaining(`${name}: expected auto, on or off`),
        }),
      );
    }
  });

  test('all that is wrong is named at once', () => {
    const reading = () => read({ SULCUS_EXACT_PRODUCTS: 'yes', SULCUS_THREADS: '0', SULCUS_PREPACK: 'no' });

    expect(reading).toThrow(/SULCUS_THREADS: .*SULCUS_EXACT_PRODUCTS: .*SULCUS_PREPACK: /);
  });
});
