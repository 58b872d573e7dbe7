import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { invokeFunction, startFunction } from '../support/function-process';
import { type Account, REGION } from './account';

export interface DeployedFunctions {
  /** The answer of the function that an ARN, with alias or version, leads to. @throws what the function throws */
  invoke(arn: string, event: unknown): Promise<unknown>;
  close(): void;
}

const unzip = (bytes: Uint8Array, folder: string): void => {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}.zip`;
  writeFileSync(file, bytes);
  const { status, stderr } = spawnSync(process.env.PYTHON ?? 'python3', ['-m', 'zipfile', '-e', file, folder]);
  if (status !== 0) throw new Error(`expected a zip file, received ${stderr}`);
};

/**
 * Lambda's part: takes what was published of a function and its layers, and runs it with the variables it was deployed
 * with. Only what cannot be the same on this machine differs: where /opt is, and where AWS is.
 */
export const openDeployedFunctions = (account: Account, folder: string): DeployedFunctions => {
  const running = new Map<string, Promise<ChildProcess>>();

  const start = async (arn: string): Promise<ChildProcess> => {
    const { CodeSha256, Layers, Handler, MemorySize, Environment } = await account.functionAt(arn);
    const home = join(folder, String(running.size));
    const task = join(home, 'task');
    const opt = join(home, 'opt');
    unzip(await account.asset(CodeSha256), task);
    for (const { Arn } of Layers) unzip(await account.asset(await account.layerSha256(Arn)), opt);
    const here = (value: string): string =>
      value.replace(/^\/opt\//, `${opt}/`).replace(/^https:\/\/sqs\.[^/]+\//, `${account.endpoint}/`);
    const deployed = Object.entries(Environment?.Variables ?? {});
    return startFunction(join(task, Handler.replace(/\.handler$/, '.js')), {
      ...Object.fromEntries(deployed.map(([name, value]) => [name, here(value)])),
      PATH: process.env.PATH,
      NODE_PATH: join(opt, 'nodejs/node_modules'),
      NODE_NO_WARNINGS: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MemorySize),
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL: account.endpoint,
    });
  };

  return {
    invoke: async (arn, event) => {
      const starting = running.get(arn) ?? start(arn);
      running.set(arn, starting);
      const invocation = await invokeFunction(await starting, event);
      if (invocation === undefined || 'error' in invocation) throw new Error(invocation?.error ?? 'killed');
      return invocation.response;
    },
    close: () => {
      for (const starting of running.values()) {
        starting.then(
          (child) => {
            child.removeAllListeners();
            child.kill();
          },
          () => {},
        );
      }
    },
  };
};
