import { SulcusError } from '../core/errors';

/** What we read of npm's CycloneDX document; everything else passes through. */
export interface Sbom {
  readonly metadata: { readonly component: Readonly<Record<string, unknown>> };
  readonly components: readonly { readonly 'bom-ref': string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** What we read of package-lock.json. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(@[^/]+\/[^/]+|[^/]+)(?=\/)/;

/**
 * The packages that files of node_modules belong to.
 * @param paths relative to the root, with `/`; those outside node_modules are our own
 * @returns `name@version`, sorted, each once
 * @throws CONFIG_INVALID for a package that the lockfile does not know
 */
export const packagesOf = (paths: readonly string[], lock: Lockfile): string[] => {
  const found = new Set<string>();
  for (const path of paths) {
    const [folder, name] = PACKAGE_FOLDER.exec(path) ?? [];
    if (folder === undefined) continue;
    const version = lock.packages[folder]?.version;
    if (version === undefined) {
      throw new SulcusError('CONFIG_INVALID', `expected ${folder} in package-lock.json, received none`);
    }
    found.add(`${name}@${version}`);
  }
  return [...found].sort();
};

/**
 * npm's list, restricted to some packages.
 * @param name of what consists of them
 * @throws CONFIG_INVALID when npm does not list one of them: a list with a hole is worse than none
 */
export const restrictSbom = <Document extends Sbom>(
  document: Document,
  name: string,
  packages: readonly string[],
): Document => {
  const listed = new Set(document.components.map((component) => component['bom-ref']));
  const missing = packages.filter((reference) => !listed.has(reference));
  if (missing.length > 0) {
    throw new SulcusError('CONFIG_INVALID', `expected npm to list ${missing.join(', ')}, received a list without`);
  }
  const kept = new Set(packages);
  const { component } = document.metadata;
  return {
    ...document,
    metadata: { ...document.metadata, component: { ...component, type: 'application', name } },
    components: document.components.filter((entry) => kept.has(entry['bom-ref'])),
    dependencies: [
      { ref: String(component['bom-ref']), dependsOn: [...packages] },
      ...document.dependencies
        .filter(({ ref }) => kept.has(ref))
        .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((entry) => kept.has(entry)) })),
    ],
  };
};
