import {
  defaultSettings,
  expectedOf,
  meaningOf,
  parseSettings,
  type SettingName,
  settingFields,
} from '../../lib/core/deployment-settings';
import { config } from '../../sulcus.config';

const fromContext = (context: Record<string, unknown>) => parseSettings({}, (name) => context[name]);
const names = Object.keys(settingFields) as SettingName[];

describe('sulcus.config.ts', () => {
  test('holds every setting, with its default', () => {
    expect(config).toEqual(defaultSettings());
    expect(Object.keys(config)).toEqual(names);
  });

  test.each(names)('%s has a meaning and says what it expects', (name) => {
    expect(meaningOf(name)).toMatch(/^[A-Za-z].{20,}\.$/s);
    expect(expectedOf(name)).toMatch(/^[a-z].{5,}/);
  });
});

describe('settings', () => {
  test('default to an image for the API, kept data and no web origins', () => {
    expect(parseSettings({})).toMatchObject({
      packaging: 'image',
      auth: 'apiKey',
      destroyData: false,
      corsOrigins: [],
      uploadConcurrency: 50,
      retentionDays: null,
    });
  });

  test('come from the file, and from the command line above it', () => {
    const context: Record<string, unknown> = { memoryMegabytes: '3538', waf: 'false' };

    const settings = parseSettings({ memoryMegabytes: 1769, waf: true, vpc: true }, (name) => context[name]);

    expect(settings).toMatchObject({ memoryMegabytes: 3538, waf: false, vpc: true });
  });

  test('come as text from the command line', () => {
    const settings = fromContext({
      packaging: 'layers',
      destroyData: 'true',
      corsOrigins: 'https://a.example, http://localhost:5173',
      uploadConcurrency: '10',
      logRetentionDays: '90',
      retentionDays: '365',
      existingBucket: 'none',
    });

    expect(settings).toEqual({
      ...defaultSettings(),
      packaging: 'layers',
      destroyData: true,
      corsOrigins: ['https://a.example', 'http://localhost:5173'],
      uploadConcurrency: 10,
      logRetentionDays: 90,
      retentionDays: 365,
      existingBucket: null,
    });
  });

  test('come as values from cdk.json', () => {
    const settings = fromContext({ destroyData: false, corsOrigins: ['*'], uploadConcurrency: 2 });

    expect(settings).toEqual({ ...defaultSettings(), corsOrigins: ['*'], uploadConcurrency: 2 });
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
    ['memoryMegabytes', '512', 'expected a whole number from 1024 to 10240 for -c memoryMegabytes, received "512"'],
    ['logRetentionDays', '31', 'for -c logRetentionDays, received "31"'],
    ['auth', 'none', 'expected apiKey, iam or jwt for -c auth, received "none"'],
    ['jwtIssuer', 'http://login.example', 'for -c jwtIssuer, received "http://login.example"'],
    ['existingBucketPrefix', 'a*', 'for -c existingBucketPrefix, received "a*"'],
    ['webhookUrl', 'http://hooks.example.org', 'for -c webhookUrl, received "http://hooks.example.org"'],
    ['webhookUrl', 'https://10.0.0.1/hook', 'for -c webhookUrl, received "https://10.0.0.1/hook"'],
    ['webhookUrl', 'https://localhost/hook', 'for -c webhookUrl, received "https://localhost/hook"'],
    ['modelBundles', 'other', 'expected modelBundles in sulcus.config.ts, received -c modelBundles'],
    ['alarmEmail', 'ops', 'expected an e-mail address, or null for -c alarmEmail, received "ops"'],
    ['modelBundle', 'other', 'expected modelBundle in sulcus.config.ts, received -c modelBundle'],
  ])('refuse -c %s=%s', (name, value, message) => {
    expect(fromContext({ [name]: value })).toEqual({ problems: [expect.stringContaining(message)] });
  });

  test('name every value that is wrong at once, and where it stands', () => {
    const settings = parseSettings({ vpc: 'maybe', retention: 30 }, (name) =>
      name === 'packaging' ? 'zip' : undefined,
    );

    expect(settings).toEqual({
      problems: [
        expect.stringMatching(/^expected one of packaging, .* in sulcus\.config\.ts, received retention$/),
        'expected image or layers for -c packaging, received "zip"',
        'expected true or false for vpc in sulcus.config.ts, received "maybe"',
      ],
    });
  });

  test('are one object', () => {
    expect(parseSettings(undefined)).toEqual({
      problems: ['expected an object exported as config by sulcus.config.ts, received undefined'],
    });
  });

  test.each([
    [{ auth: 'jwt' }, 'expected jwtIssuer and jwtAudience for auth jwt'],
    [{ domainName: 'scans.example.org' }, 'expected domainName and certificateArn together'],
    [{ existingBucketPrefix: 'mri/' }, 'expected existingBucket for its prefix or key'],
    [{ snapStart: true, packaging: 'layers' }, 'expected packaging image for snapStart'],
  ])('refuse what contradicts itself: %j', (settings, message) => {
    expect(parseSettings(settings)).toEqual({ problems: [expect.stringContaining(message)] });
  });
});
