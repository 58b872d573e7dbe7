import { CodeDeployClient, DeploymentStatus, ListDeploymentsCommand } from '@aws-sdk/client-codedeploy';
import { GetAliasCommand, LambdaClient, ListVersionsByFunctionCommand } from '@aws-sdk/client-lambda';
import type { FunctionRelease, FunctionVersion } from '../../core/plan-rollback';
import { releaseCall } from './release-call';

export interface ReleaseClients {
  readonly lambda: Pick<LambdaClient, 'send'>;
  readonly codeDeploy: Pick<CodeDeployClient, 'send'>;
}

/** @param region where the deployment is; undefined for the one of the shell's AWS profile */
export const createReleaseClients = (region?: string): ReleaseClients => {
  const options = region === undefined ? {} : { region };
  return { lambda: new LambdaClient(options), codeDeploy: new CodeDeployClient(options) };
};

const UNDER_WAY = [
  DeploymentStatus.CREATED,
  DeploymentStatus.QUEUED,
  DeploymentStatus.IN_PROGRESS,
  DeploymentStatus.READY,
  DeploymentStatus.BAKING,
];

/**
 * Where the alias of each function points, the versions that were published, and the release under way if there is one.
 * @param names those that are not deployed are left out
 * @throws STORE_UNAVAILABLE when AWS refuses or does not answer
 */
export const readReleases = async (
  clients: ReleaseClients,
  names: readonly string[],
  alias: string,
): Promise<FunctionRelease[]> => {
  const found = await Promise.all(names.map((name) => releaseCall(() => readRelease(clients, name, alias))));
  return found.filter((release) => release !== undefined);
};

const readRelease = async (
  { lambda, codeDeploy }: ReleaseClients,
  name: string,
  alias: string,
): Promise<FunctionRelease | undefined> => {
  const live = await lambda.send(new GetAliasCommand({ FunctionName: name, Name: alias })).catch((error: unknown) => {
    if ((error as { name?: string }).name === 'ResourceNotFoundException') return undefined;
    throw error;
  });
  if (live?.FunctionVersion === undefined) return undefined;
  const versions = await readVersions(lambda, name);
  const { deployments = [] } = await codeDeploy.send(
    new ListDeploymentsCommand({
      applicationName: name,
      deploymentGroupName: alias,
      includeOnlyStatuses: UNDER_WAY,
    }),
  );
  return { name, current: Number(live.FunctionVersion), versions, underWay: deployments[0] };
};

const readVersions = async (lambda: ReleaseClients['lambda'], name: string): Promise<FunctionVersion[]> => {
  const versions: FunctionVersion[] = [];
  let Marker: string | undefined;
  do {
    const page = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: name, Marker }));
    for (const { Version = '', Description = '', LastModified = '' } of page.Versions ?? []) {
      // $LATEST is no version: it is what the next one would be made of.
      if (/^\d+$/.test(Version)) versions.push({ version: Number(Version), model: Description, since: LastModified });
    }
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  return versions;
};
