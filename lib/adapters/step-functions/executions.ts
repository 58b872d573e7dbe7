import {
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  DescribeStateMachineForExecutionCommand,
  ListMapRunsCommand,
  ListStateMachinesCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { z } from 'zod';
import { isSulcusError, SulcusError } from '../../core/errors';

export type StepFunctionsClient = Pick<SFNClient, 'send'>;

/** @param region where the deployment is; undefined for the one of the shell's AWS profile */
export const createStepFunctionsClient = (region?: string): StepFunctionsClient =>
  new SFNClient(region === undefined ? {} : { region });

/** The input of the state machine: its only one, since a definition refers to all of it. */
export interface BackfillInput {
  readonly bucket: string;
  readonly prefix: string;
  /** Batches at once. */
  readonly concurrency: number;
  /** Objects listed, at most. */
  readonly limit: number;
  readonly dryRun: boolean;
}

export interface BackfillExecution {
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** Objects done and objects found so far. */
  readonly done: number;
  readonly total: number;
  /** Id of the map run, under which its results lie; undefined before it has one. */
  readonly mapRunId: string | undefined;
  /** Why it failed, as Step Functions says. */
  readonly error: string | undefined;
}

const unavailable = (cause: unknown): SulcusError => {
  const { name = 'no answer' } = (cause ?? {}) as { name?: string };
  if (name === 'ExecutionDoesNotExist' || name === 'InvalidArn') {
    return new SulcusError('INVALID_REQUEST', 'expected the ARN of a backfill, received another', { cause });
  }
  // What is no answer of AWS has no name of its own, such as a region that is not set.
  const received = name === 'Error' ? 'no answer' : name;
  return new SulcusError('STORE_UNAVAILABLE', `expected Step Functions to do as asked, received ${received}`, {
    cause,
  });
};

const ask = async <Answer>(call: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await call();
  } catch (error) {
    throw isSulcusError(error) ? error : unavailable(error);
  }
};

/** @throws CONFIG_INVALID when the account has no such state machine in this region */
const findStateMachine = async (client: StepFunctionsClient, name: string): Promise<string> => {
  let nextToken: string | undefined;
  do {
    const page = await client.send(new ListStateMachinesCommand({ nextToken, maxResults: 1000 }));
    const found = page.stateMachines?.find((machine) => machine.name === name)?.stateMachineArn;
    if (found !== undefined) return found;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  throw new SulcusError(
    'CONFIG_INVALID',
    `expected the state machine ${name} in this account and region, received none`,
  );
};

/** @returns ARN of the execution. @throws CONFIG_INVALID without a deployment, STORE_UNAVAILABLE */
export const startBackfill = (client: StepFunctionsClient, name: string, input: BackfillInput): Promise<string> =>
  ask(async () => {
    const stateMachineArn = await findStateMachine(client, name);
    const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) });
    return (await client.send(command)).executionArn ?? '';
  });

/**
 * Starts the batches of a backfill again that failed or never ran: within 14 days of its end.
 * @throws INVALID_REQUEST for an ARN that is none, STORE_UNAVAILABLE when Step Functions refuses
 */
export const redriveBackfill = (client: StepFunctionsClient, executionArn: string): Promise<void> =>
  ask(async () => {
    await client.send(new RedriveExecutionCommand({ executionArn }));
  });

/** How far it is. @throws INVALID_REQUEST, STORE_UNAVAILABLE */
export const describeBackfill = (client: StepFunctionsClient, executionArn: string): Promise<BackfillExecution> =>
  ask(async () => {
    const execution = await client.send(new DescribeExecutionCommand({ executionArn }));
    const { mapRuns = [] } = await client.send(new ListMapRunsCommand({ executionArn }));
    const mapRunArn = mapRuns[0]?.mapRunArn;
    const counts =
      mapRunArn === undefined ? undefined : (await client.send(new DescribeMapRunCommand({ mapRunArn }))).itemCounts;
    return {
      status: execution.status as BackfillExecution['status'],
      done: (counts?.succeeded ?? 0) + (counts?.failed ?? 0) + (counts?.aborted ?? 0) + (counts?.timedOut ?? 0),
      total: counts?.total ?? 0,
      mapRunId: mapRunArn?.split(':').at(-1),
      error: execution.error,
    };
  });

const outputSchema = z.object({ ResultWriterDetails: z.object({ Bucket: z.string(), Key: z.string() }) });
const definitionSchema = z.object({
  States: z.record(
    z.string(),
    z.object({
      ResultWriter: z.object({ Parameters: z.object({ Bucket: z.string(), Prefix: z.string() }) }).optional(),
    }),
  ),
});

/** Where a map run lists the files of its results. */
export interface ManifestPlace {
  readonly bucket: string;
  readonly key: string;
}

/**
 * Where the results of an execution that has ended are listed: as its output says, or, of one that failed and so has
 * none, as its definition says. Undefined when it never came to a map run.
 */
export const findManifest = (client: StepFunctionsClient, executionArn: string): Promise<ManifestPlace | undefined> =>
  ask(async () => {
    const { output } = await client.send(new DescribeExecutionCommand({ executionArn }));
    const said = outputSchema.safeParse(JSON.parse(output ?? 'null'));
    if (said.success) return { bucket: said.data.ResultWriterDetails.Bucket, key: said.data.ResultWriterDetails.Key };
    const { mapRunId } = await describeBackfill(client, executionArn);
    const { definition } = await client.send(new DescribeStateMachineForExecutionCommand({ executionArn }));
    const { States } = definitionSchema.parse(JSON.parse(definition ?? 'null'));
    const writer = Object.values(States).find((state) => state.ResultWriter !== undefined)?.ResultWriter?.Parameters;
    if (writer === undefined || mapRunId === undefined) return undefined;
    return { bucket: writer.Bucket, key: `${writer.Prefix}/${mapRunId}/manifest.json` };
  });
