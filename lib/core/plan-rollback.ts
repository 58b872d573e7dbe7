import { SulcusError } from './errors';

/** A published version of a function: an immutable bundle and the code it runs with. */
export interface FunctionVersion {
  readonly version: number;
  /** Name, version and digest of its model, as the stacks describe it. */
  readonly model: string;
  /** ISO time. */
  readonly since: string;
}

/** One function that classifies, as it is deployed. */
export interface FunctionRelease {
  readonly name: string;
  /** What its alias points at. */
  readonly current: number;
  readonly versions: readonly FunctionVersion[];
  /** Id of the release that shifts its traffic now. */
  readonly underWay?: string;
}

export interface RollbackStep {
  readonly name: string;
  readonly from: FunctionVersion;
  readonly to: FunctionVersion;
  /** Stop this release, which takes the traffic back; nothing else is to be done then. */
  readonly stop?: string;
}

export interface RollbackTarget {
  /** A model: its version (`1.0.0`), or its digest or the beginning of it. @default the version before, of each */
  readonly to?: string;
}

const DIGEST = /^sha256:[0-9a-f]{8,64}$/;

/** The model's text is `name version digest`. */
const holds = ({ model }: FunctionVersion, wanted: string): boolean => {
  const [, version, digest = ''] = model.split(' ');
  return DIGEST.test(wanted) ? digest.startsWith(wanted) : version === wanted;
};

/**
 * What goes back to what. Functions number their versions each by itself, so what they are to go back to is named by the
 * model; without one, each goes to the newest version before the one that is live. A release under way is stopped.
 * @returns steps for functions that are not there already
 * @throws CONFIG_INVALID when a function has no version to go back to, or none with that model
 */
export const planRollback = (releases: readonly FunctionRelease[], { to }: RollbackTarget = {}): RollbackStep[] => {
  const steps = releases.map((release) => stepOf(release, to));
  return steps.filter(({ from, to: target, stop }) => stop !== undefined || from.version !== target.version);
};

const stepOf = (release: FunctionRelease, wanted: string | undefined): RollbackStep => {
  const { name, current, underWay: stop } = release;
  const versions = release.versions.toSorted((a, b) => b.version - a.version);
  const live = versions.find(({ version }) => version === current) ?? { version: current, model: 'unknown', since: '' };
  if (stop !== undefined) {
    if (wanted !== undefined && !holds(live, wanted)) {
      throw new SulcusError(
        'CONFIG_INVALID',
        `expected no --to while ${name} is being released (the release is stopped and its traffic goes back to ${live.model}), received ${wanted}`,
      );
    }
    return { name, from: versions[0] ?? live, to: live, stop };
  }
  if (wanted !== undefined && holds(live, wanted)) return { name, from: live, to: live };
  const to =
    wanted === undefined
      ? versions.find(({ version }) => version < current)
      : versions.find((version) => holds(version, wanted));
  if (to === undefined) {
    const kept = versions.map(({ version, model }) => `${version} (${model})`).join(', ');
    const expected = wanted === undefined ? `a version before ${current}` : `a version with model ${wanted}`;
    throw new SulcusError('CONFIG_INVALID', `expected ${expected} of ${name}, received ${kept || 'none'}`);
  }
  return { name, from: live, to };
};
