import { parseSettings } from '../../lib/stacks/settings';

const parse = (context: Record<string, unknown>) => parseSettings((name) => context[name]);

describe('settings', () => {
  test('default to an image for the API, kept data and no web origins', () => {
    expect(parse({})).toEqual({ packaging: 'image', destroyData: false, corsOrigins: [], uploadConcurrency: 50 });
  });

  test('come as text from the command line', () => {
    const settings = parse({
      packaging: 'layers',
      destroyData: 'true',
      corsOrigins: 'https://a.example, http://localhost:5173',
      uploadConcurrency: '10',
    });

    expect(settings).toEqual({
      packaging: 'layers',
      destroyData: true,
      corsOrigins: ['https://a.example', 'http://localhost:5173'],
      uploadConcurrency: 10,
    });
  });

  test('come as values from cdk.json', () => {
    const settings = parse({ destroyData: false, corsOrigins: ['*'], uploadConcurrency: 2 });

    expect(settings).toEqual({ packaging: 'image', destroyData: false, corsOrigins: ['*'], uploadConcurrency: 2 });
  });

  test.each([
    ['packaging', 'zip', 'expected image or layers for -c packaging, received "zip"'],
    ['packaging', '', 'expected image or layers for -c packaging, received ""'],
    ['destroyData', 'yes', 'expected true or false for -c destroyData, received "yes"'],
    [
      'corsOrigins',
      'https://a.example/path',
      'expected origins such as https://console.example, separated by commas for -c corsOrigins, received "https://a.example/path"',
    ],
    ['corsOrigins', "https://a'b", 'received "https://a\'b"'],
    ['uploadConcurrency', '1', 'expected a whole number from 2 to 1000 for -c uploadConcurrency, received "1"'],
    ['uploadConcurrency', '', 'expected a whole number from 2 to 1000 for -c uploadConcurrency, received ""'],
  ])('refuse %s=%s', (name, value, message) => {
    const settings = parse({ [name]: value });

    expect(settings).toEqual({ problems: [expect.stringContaining(message)] });
  });

  test('name every value that is wrong at once', () => {
    const settings = parse({ packaging: 'zip', destroyData: 'maybe' });

    expect(settings).toEqual({ problems: [expect.stringMatching(/packaging/), expect.stringMatching(/destroyData/)] });
  });
});
