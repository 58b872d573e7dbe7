import type { ClassifyScanDeps } from './classify-scan';
import { SulcusError } from './errors';
import type { ModelManifest } from './model-manifest';
import { showValue } from './show-value';

/** A bundle that can be asked for: opened at its first use, described without that. */
export interface ServedModel {
  readonly classify: ClassifyScanDeps;
  readonly manifest: () => Promise<ModelManifest>;
}

type Identity = Pick<ModelManifest, 'name' | 'version'>;

const fullName = ({ name, version }: Identity): string => `${name}@${version}`;

/** What each is asked for by: its name; where two versions have the same one, `name@version`. */
export const addressesOf = (manifests: readonly Identity[]): string[] =>
  manifests.map((manifest) =>
    manifests.filter(({ name }) => name === manifest.name).length > 1 ? fullName(manifest) : manifest.name,
  );

/**
 * Makes sure that each of these can be asked for.
 * @throws CONFIG_INVALID for two of the same name and version
 */
export const assertDistinct = (manifests: readonly Identity[]): void => {
  const names = manifests.map(fullName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new SulcusError(
    'CONFIG_INVALID',
    `expected model bundles of different name or version, received ${twice} twice`,
  );
};

/**
 * The bundle of that name: `name@version`, or `name` for the first with it, which is the main one where that has it.
 * @param models the main one first
 * @param show how the message writes what was asked for
 * @throws MODEL_NOT_FOUND naming those that are served
 */
export const findModel = async (
  models: readonly ServedModel[],
  asked: string,
  show: (asked: string) => string = showValue,
): Promise<{ readonly model: ServedModel; readonly manifest: ModelManifest; readonly isMain: boolean }> => {
  const manifests = await Promise.all(models.map((each) => each.manifest()));
  const index = manifests.findIndex((manifest) => asked === manifest.name || asked === fullName(manifest));
  const [model, manifest] = [models[index], manifests[index]];
  if (model !== undefined && manifest !== undefined) return { model, manifest, isMain: index === 0 };
  throw new SulcusError(
    'MODEL_NOT_FOUND',
    `expected ${addressesOf(manifests).join(' or ')} for the model name, received ${show(asked)}`,
  );
};
