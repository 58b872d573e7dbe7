import type { ReleaseClients } from '../../lib/adapters/releases';
import { rollbackCommand } from '../../lib/cli/rollback-command';
import { recordOutput } from '../support/output-recorder';

const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;
const MODELS = ['1.0.0', '1.1.0', '1.2.0'].map((version, index) => `vit ${version} ${digestOf('abc'[index]!)}`);
const [OLDEST, BEFORE, LIVE] = MODELS as [string, string, string];
const API = 'sulcus-classify-api-image';
const UPLOAD = 'sulcus-classify-upload-image';

interface Deployed {
  readonly current: number;
  /** Model by version, from 1. */
  readonly models: readonly string[];
  readonly underWay?: string;
}

/** Lambda and CodeDeploy with these functions, whose deployments end so after two looks; keeps what it is asked to do. */
const createAws = (functions: Readonly<Record<string, Deployed>>, end: 'Succeeded' | 'Failed' = 'Succeeded') => {
  const asked: { command: string; input: Record<string, unknown> }[] = [];
  let looks = 0;
  const answers: Record<string, (input: Record<string, string>) => unknown> = {
    GetAliasCommand: ({ FunctionName = '', Name = '' }) => {
      const found = functions[FunctionName];
      if (found !== undefined) return { Name, FunctionVersion: String(found.current) };
      throw Object.assign(new Error('no such function'), { name: 'ResourceNotFoundException' });
    },
    ListVersionsByFunctionCommand: ({ FunctionName = '', Marker }) => {
      const models = functions[FunctionName]?.models ?? [];
      const at = Number(Marker ?? 0);
      const Versions = models.slice(at, at + 2).map((Description, index) => ({
        Version: String(at + index + 1),
        Description,
        LastModified: '2026-11-23T10:00:00.000+0000',
      }));
      const latest = { Version: '$LATEST', Description: 'newest' };
      return {
        Versions: at === 0 ? [latest, ...Versions] : Versions,
        NextMarker: at + 2 < models.length ? `${at + 2}` : undefined,
      };
    },
    ListDeploymentsCommand: ({ applicationName = '' }) => ({
      deployments: [functions[applicationName]?.underWay].filter(Boolean),
    }),
    CreateDeploymentCommand: () => ({ deploymentId: `d-${asked.length}` }),
    GetDeploymentCommand: () => {
      looks += 1;
      const status = looks % 2 === 0 ? end : 'InProgress';
      return { deploymentInfo: { status, errorInformation: end === 'Failed' ? { code: 'ALARM_ACTIVE' } : undefined } };
    },
    StopDeploymentCommand: () => ({ status: 'Pending' }),
  };
  const send = async (command: { constructor: { name: string }; input: Record<string, string> }) => {
    const { name } = command.constructor;
    if (/^(Create|Stop)/.test(name)) asked.push({ command: name, input: command.input });
    return answers[name]?.(command.input);
  };
  return { clients: { lambda: { send }, codeDeploy: { send } } as unknown as ReleaseClients, asked };
};

const both = (given: Partial<Deployed> = {}) => ({
  [API]: { current: 3, models: MODELS, ...given },
  [UPLOAD]: { current: 3, models: MODELS, ...given },
});

const run = async (aws: ReturnType<typeof createAws>, options: object = {}) => {
  const output = recordOutput();
  const failure = await rollbackCommand({ json: true, ...options }, output, aws.clients, 0).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { failure, json: output.lines.map((line) => JSON.parse(line))[0], asked: aws.asked };
};

describe('sulcus rollback', () => {
  test('says what it would do, and does nothing', async () => {
    const aws = createAws(both());
    const output = recordOutput();

    await rollbackCommand({}, output, aws.clients, 0);

    expect(aws.asked).toEqual([]);
    expect(output.lines).toHaveLength(3);
    expect(output.lines[1]).toMatch(
      /^sulcus-classify-api-image +3 \(vit 1\.2\.0 sha256:c{12}\) +2 \(vit 1\.1\.0 sha256:b{12}\) +all traffic at once$/,
    );
    expect(output.notes).toEqual(['Nothing was changed. Add --yes to do it.']);
  });

  test('with --yes moves each alias to the version before, at once, whatever alarms say', async () => {
    const { json, asked } = await run(createAws(both()), { yes: true });

    expect(asked.map(({ command, input }) => [command, input.applicationName])).toEqual([
      ['CreateDeploymentCommand', API],
      ['CreateDeploymentCommand', UPLOAD],
    ]);
    expect(asked[0]?.input).toMatchObject({
      deploymentGroupName: 'live',
      deploymentConfigName: 'CodeDeployDefault.LambdaAllAtOnce',
      overrideAlarmConfiguration: { enabled: false },
      autoRollbackConfiguration: { enabled: false },
      revision: { revisionType: 'AppSpecContent' },
    });
    const revision = asked[0]?.input.revision as { appSpecContent: { content: string } } | undefined;
    expect(JSON.parse(revision?.appSpecContent.content ?? '{}').Resources).toEqual([
      {
        [API]: {
          Type: 'AWS::Lambda::Function',
          Properties: { Name: API, Alias: 'live', CurrentVersion: '3', TargetVersion: '2' },
        },
      },
    ]);
    expect(json).toMatchObject({
      applied: true,
      functions: [
        { name: API, from: { version: 3, model: LIVE }, to: { version: 2, model: BEFORE }, deploymentId: 'd-1' },
        { name: UPLOAD, from: { version: 3, model: LIVE }, to: { version: 2, model: BEFORE }, deploymentId: 'd-2' },
      ],
    });
  });

  test('goes on from where an earlier one went to', async () => {
    const { json } = await run(createAws(both({ current: 2 })));

    expect(json.functions.map(({ to }: { to: unknown }) => to)).toEqual([
      expect.objectContaining({ version: 1, model: OLDEST }),
      expect.objectContaining({ version: 1, model: OLDEST }),
    ]);
  });

  test.each([
    ['its version', '1.0.0'],
    ['its digest', digestOf('a')],
    ['the beginning of it', 'sha256:aaaaaaaa'],
  ])('goes to a model by %s, whatever numbers the functions gave it', async (_, to) => {
    const aws = createAws({
      [API]: { current: 4, models: [OLDEST, OLDEST, BEFORE, LIVE] },
      [UPLOAD]: { current: 2, models: [OLDEST, LIVE] },
    });

    const { json } = await run(aws, { to });

    // The newest with that model: what else changed since then was not what was bad.
    expect(
      json.functions.map((step: { name: string; to: { version: number } }) => [step.name, step.to.version]),
    ).toEqual([
      [API, 2],
      [UPLOAD, 1],
    ]);
  });

  test('leaves alone what is there already', async () => {
    const aws = createAws({ [API]: { current: 3, models: MODELS }, [UPLOAD]: { current: 1, models: MODELS } });

    const { json, asked } = await run(aws, { to: '1.0.0', yes: true });

    expect(json.functions.map(({ name }: { name: string }) => name)).toEqual([API]);
    expect(asked).toHaveLength(1);
  });

  test('stops a release that is shifting traffic, which takes it back', async () => {
    const aws = createAws({
      [API]: { current: 2, models: MODELS, underWay: 'd-release' },
      [UPLOAD]: { current: 3, models: MODELS },
    });

    const { json, asked } = await run(aws, { yes: true });

    expect(asked.map(({ command }) => command)).toEqual(['StopDeploymentCommand', 'CreateDeploymentCommand']);
    expect(asked[0]?.input).toEqual({ deploymentId: 'd-release', autoRollbackEnabled: true });
    expect(json.functions[0]).toMatchObject({ from: { version: 3 }, to: { version: 2 }, stop: 'd-release' });
  });

  test.each([
    ['there is no deployment', {}, {}, /^expected sulcus-classify-api-image or another function .* received none$/],
    [
      'nothing was before',
      both({ current: 1 }),
      {},
      /^expected a version before 1 of sulcus-classify-api-image, received 3 \(vit 1\.2\.0 /,
    ],
    ['no version has the model', both(), { to: '9.9.9' }, /^expected a version with model 9\.9\.9 of /],
    [
      'a release under way would go elsewhere',
      both({ current: 2, underWay: 'd-release' }),
      { to: '1.0.0' },
      /^expected no --to while sulcus-classify-api-image is being released/,
    ],
  ])('refuses when %s, and changes nothing', async (_, functions, options, message) => {
    const { failure, asked } = await run(createAws(functions), { ...options, yes: true });

    expect(failure).toMatch(message);
    expect(asked).toEqual([]);
  });

  test('says which deployment did not succeed, and why', async () => {
    const { failure, asked } = await run(createAws(both(), 'Failed'), { yes: true });

    expect(failure).toBe(`expected CodeDeploy to move ${API} to version 2, received ALARM_ACTIVE (d-1)`);
    expect(asked).toHaveLength(1);
  });
});
