import { SulcusError } from '../../core/errors';
import type { ModelCard } from '../../core/model-card';
import type { ModelManifest } from '../../core/model-manifest';
import {
  bothProtocolsTable,
  calibrationTable,
  coverageTable,
  knownPeopleTable,
  newPeopleTable,
  perClassTable,
  runList,
  showCount,
  trainingSection,
} from './card-tables';
import { frontMatter } from './front-matter';
import type { RunRecord } from './run-record';
import { servedSection } from './served-section';

export interface CardSource {
  /** Markdown with `{{name}}` where something is filled in. */
  readonly template: string;
  readonly manifest: ModelManifest;
  readonly card: ModelCard;
  readonly runs: readonly RunRecord[];
}

/**
 * The card as Markdown: the template's words, and everything with a figure from runs and manifest.
 * @throws CONFIG_INVALID for a placeholder that there is not
 */
export const renderCard = ({ template, manifest, card, runs }: CardSource): string => {
  const parts: Readonly<Record<string, string>> = {
    frontMatter: frontMatter(manifest, card),
    name: manifest.name,
    version: manifest.version,
    scheme: manifest.quantization.scheme,
    imageSize: `${manifest.imageSize.width} x ${manifest.imageSize.height}`,
    parameters: showCount(manifest.architecture.parameters),
    labels: manifest.labels.join(', '),
    intendedUse: card.intendedUse,
    limits: card.limits.map((limit) => `- ${limit}`).join('\n'),
    bothProtocols: bothProtocolsTable(card.evaluations),
    knownPeople: knownPeopleTable(card.evaluations),
    newPeople: newPeopleTable(card.evaluations),
    perClass: perClassTable(card.evaluations),
    calibration: calibrationTable(card.evaluations),
    served: servedSection(manifest),
    coverage: coverageTable(card.evaluations),
    training: trainingSection(runs),
    runs: runList(card.evaluations),
    base: `${card.base.name} (${card.base.license})`,
    data: `${showCount(card.data.scans)} slices of ${showCount(card.data.people)} people: ${card.data.name} (${card.data.license})`,
    license: card.license.license,
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const part = parts[name];
    if (part !== undefined) return part;
    const known = Object.keys(parts).join(', ');
    throw new SulcusError('CONFIG_INVALID', `expected one of ${known} for a placeholder of the card, received ${name}`);
  });
};
