import { CreateDeploymentCommand, GetDeploymentCommand, StopDeploymentCommand } from '@aws-sdk/client-codedeploy';
import { SulcusError } from '../../core/errors';
import type { RollbackStep } from '../../core/plan-rollback';
import type { ReleaseClients } from './read-releases';
import { releaseCall } from './release-call';

export interface ShiftOptions {
  readonly clients: ReleaseClients;
  readonly alias: string;
  /** Between two looks at how far it is. */
  readonly pause: () => Promise<unknown>;
}

/** https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html */
const appSpecOf = ({ name, from, to }: RollbackStep, alias: string): string =>
  JSON.stringify({
    version: 0.0,
    Resources: [
      {
        [name]: {
          Type: 'AWS::Lambda::Function',
          Properties: {
            Name: name,
            Alias: alias,
            CurrentVersion: String(from.version),
            TargetVersion: String(to.version),
          },
        },
      },
    ],
  });

/**
 * Moves the alias of one function, all of its traffic at once, by CodeDeploy, which keeps a record and lets nobody else
 * move it meanwhile. A release under way is stopped instead, and CodeDeploy takes its traffic back by itself. Errors do not
 * stop it: they are why somebody goes back.
 * @returns id of the deployment
 * @throws STORE_UNAVAILABLE when AWS refuses, or the deployment does not succeed
 */
export const shiftTraffic = (step: RollbackStep, { clients, alias, pause }: ShiftOptions): Promise<string> =>
  releaseCall(async () => {
    const { codeDeploy } = clients;
    if (step.stop !== undefined) {
      const stopping = { deploymentId: step.stop, autoRollbackEnabled: true };
      await codeDeploy.send(new StopDeploymentCommand(stopping));
      return step.stop;
    }
    const { deploymentId = '' } = await codeDeploy.send(
      new CreateDeploymentCommand({
        applicationName: step.name,
        deploymentGroupName: alias,
        deploymentConfigName: 'CodeDeployDefault.LambdaAllAtOnce',
        description: `sulcus rollback to ${step.to.model}`.slice(0, 100),
        revision: { revisionType: 'AppSpecContent', appSpecContent: { content: appSpecOf(step, alias) } },
        overrideAlarmConfiguration: { enabled: false, alarms: [] },
        autoRollbackConfiguration: { enabled: false },
      }),
    );
    for (;;) {
      const { deploymentInfo } = await codeDeploy.send(new GetDeploymentCommand({ deploymentId }));
      if (deploymentInfo?.status === 'Succeeded') return deploymentId;
      if (deploymentInfo?.status === 'Failed' || deploymentInfo?.status === 'Stopped') {
        const why = deploymentInfo.errorInformation?.code ?? deploymentInfo.status;
        throw new SulcusError(
          'STORE_UNAVAILABLE',
          `expected CodeDeploy to move ${step.name} to version ${step.to.version}, received ${why} (${deploymentId})`,
        );
      }
      await pause();
    }
  });
