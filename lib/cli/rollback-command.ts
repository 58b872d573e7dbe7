import { setTimeout as sleep } from 'node:timers/promises';
import { createReleaseClients, type ReleaseClients, readReleases, shiftTraffic } from '../adapters/releases';
import { SulcusError } from '../core/errors';
import { type FunctionVersion, planRollback, type RollbackStep } from '../core/plan-rollback';
import { DEPLOYED } from '../topology';
import { EXIT } from './exit-codes';
import { type Output, renderTable } from './output';

export interface RollbackOptions {
  readonly region?: string;
  readonly to?: string;
  /** Do it; without it the plan is printed and nothing changes. */
  readonly yes?: boolean;
  readonly json?: boolean;
}

const PAUSE_MS = 2_000;

/** Whichever packaging it has: the other's functions are gone. */
const FUNCTIONS = [DEPLOYED.classifyApi, DEPLOYED.classifyUpload, DEPLOYED.backfillScans].flatMap(
  ({ image, layers }) => [image, layers],
);

/**
 * `sulcus rollback`: moves the functions that classify back to the version before, or to a model by name; a release that is
 * shifting traffic is stopped. Prints what it would do, and does it with `--yes`.
 * @param clients instead of the region's
 * @throws CONFIG_INVALID when there is no such deployment or version, STORE_UNAVAILABLE when AWS refuses
 */
export const rollbackCommand = async (
  { region, to, yes = false, json = false }: RollbackOptions,
  output: Output,
  clients: ReleaseClients = createReleaseClients(region),
  pauseMs = PAUSE_MS,
): Promise<number> => {
  const alias = DEPLOYED.alias;
  const releases = await readReleases(clients, FUNCTIONS, alias);
  if (releases.length === 0) {
    throw new SulcusError(
      'CONFIG_INVALID',
      `expected ${DEPLOYED.classifyApi.image} or another function of a deployment in this account and region, received none`,
    );
  }
  const steps = planRollback(releases, { to });
  if (!json) printPlan(steps, output, yes);
  const done: { name: string; deploymentId: string }[] = [];
  if (yes) {
    // One after the other: a function that cannot go back leaves the next one alone, and says so.
    for (const step of steps) {
      const pause = () => sleep(pauseMs);
      const deploymentId = await shiftTraffic(step, { clients, alias, pause });
      done.push({ name: step.name, deploymentId });
      output.note(`${step.name}: ${step.stop === undefined ? 'moved' : 'stopped'} (${deploymentId})`);
    }
  }
  if (json) {
    const deploymentOf = (name: string) => done.find((each) => each.name === name)?.deploymentId ?? null;
    const functions = steps.map(({ name, ...step }) => ({ name, ...step, deploymentId: deploymentOf(name) }));
    output.line(JSON.stringify({ applied: yes, functions }));
  }
  return EXIT.ok;
};

const show = ({ version, model }: FunctionVersion): string => `${version} (${shorten(model)})`;

/** A digest of 64 digits is known by its first 12. */
const shorten = (model: string): string => model.replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/, '$1');

const printPlan = (steps: readonly RollbackStep[], output: Output, yes: boolean): void => {
  if (steps.length === 0) {
    output.line('Nothing to do: every function is there already.');
    return;
  }
  const rows = steps.map(({ name, from, to, stop }) => [
    name,
    show(from),
    show(to),
    stop === undefined ? 'all traffic at once' : `stops ${stop}`,
  ]);
  for (const line of renderTable([['FUNCTION', 'FROM', 'TO', 'HOW'], ...rows])) output.line(line);
  if (new Set(steps.map(({ to }) => to.model)).size > 1) {
    output.note('Not one model: API and uploads would differ. Name one: --to <version or digest>.');
  }
  if (!yes) output.note('Nothing was changed. Add --yes to do it.');
};
