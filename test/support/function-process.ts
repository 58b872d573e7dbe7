import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { join } from 'node:path';

/** A pipe that nobody reads would fill with log lines and stop the function. */
const OUTPUT: StdioOptions = ['ignore', 'ignore', 'inherit', 'ipc'];

/** What Lambda makes of an invocation: an answer, the message of what the function threw, or nothing once it is killed. */
export type Invocation = { readonly response: unknown } | { readonly error: string } | undefined;

/** A bundled function in a process of its own, with these variables and no others. */
export const startFunction = (bundle: string, environment: NodeJS.ProcessEnv): ChildProcess =>
  fork(join(__dirname, 'run-function.cjs'), [bundle], { env: environment, stdio: OUTPUT, execArgv: [] });

export const isAlive = (child: ChildProcess | undefined): child is ChildProcess =>
  child !== undefined && child.exitCode === null && child.signalCode === null;

/** One event at a time. Rejects when the process ends by itself: that is a function which does not even load. */
export const invokeFunction = (child: ChildProcess, event: unknown): Promise<Invocation> =>
  new Promise((done, failed) => {
    child.removeAllListeners();
    child.once('exit', (code, signal) =>
      signal === null
        ? failed(new Error(`expected a function that runs, received exit code ${code}`))
        : done(undefined),
    );
    child.once('message', (invocation: Invocation) => done(invocation));
    // One that is killed just now cannot be sent to; its exit is what counts.
    child.send(event as object, () => {});
  });
