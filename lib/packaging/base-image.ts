import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SulcusError } from '../core/errors';
import { distOf } from './layout';

/** The base image as the Dockerfile names it: `registry/repository:tag`, with `@sha256:…` once it is pinned. */
export interface BaseImage {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** `sha256:` and 64 hex digits; undefined until somebody has looked it up. */
  readonly digest: string | undefined;
}

/** The Dockerfile of the functions that classify. */
export const dockerfileOf = (root: string): string => join(root, 'functions', 'classify-api', 'Dockerfile');

const LINE = /^ARG BASE_IMAGE=(.*)$/m;
const REFERENCE = /^([a-z0-9.-]+(?::\d+)?)\/([a-z0-9._/-]+):([\w.-]+?)(?:@(sha256:[0-9a-f]{64}))?$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * What a build is given instead of an image that nobody pinned: a name that exists nowhere, so that it fails, saying
 * what to do.
 */
export const UNPINNED_IMAGE = 'unpinned.invalid/expected-a-base-image-pinned-by-digest:use-npm-run-deploy';

export const referenceOf = ({ registry, repository, tag, digest }: BaseImage): string =>
  `${registry}/${repository}:${tag}${digest === undefined ? '' : `@${digest}`}`;

/**
 * Reads the one line of the Dockerfile that names the base image.
 * @throws CONFIG_INVALID when it is absent or names no registry, repository and tag
 */
export const readBaseImage = async (dockerfile: string): Promise<BaseImage> => {
  const text = await readFile(dockerfile, 'utf8').catch(() => '');
  const line = LINE.exec(text)?.[1]?.trim();
  const [, registry, repository, tag, digest] = REFERENCE.exec(line ?? '') ?? [];
  if (registry === undefined || repository === undefined || tag === undefined) {
    throw new SulcusError(
      'CONFIG_INVALID',
      `expected registry/repository:tag, with a digest or without, for ARG BASE_IMAGE in ${dockerfile}, received ${line ?? 'no such line'}`,
    );
  }
  return { registry, repository, tag, digest };
};

/** What an image build is told to start from: the pinned image, or a name that makes it fail. */
export const buildableBase = (base: BaseImage): string =>
  base.digest === undefined ? UNPINNED_IMAGE : referenceOf(base);

export interface PinOptions {
  /** The checkout. Its Dockerfile gets the line, and so does the staged copy, or the next build would be another image. */
  readonly root: string;
  /** Instead of asking the registry; a pin that is there already is replaced. */
  readonly digest?: string;
  /** Asks the registry. */
  readonly lookUp: (base: BaseImage) => Promise<string>;
}

/**
 * Makes sure that the Dockerfile names its base image by digest, looking it up when it does not.
 * @returns the image with its digest, and whether that is new
 * @throws CONFIG_INVALID as the look-up does, or for a digest that is none
 */
export const pinBaseImage = async (options: PinOptions): Promise<{ base: BaseImage; changed: boolean }> => {
  const { root, digest: given, lookUp } = options;
  if (given !== undefined && !DIGEST.test(given)) {
    throw new SulcusError('CONFIG_INVALID', `expected sha256: and 64 hex digits for a digest, received ${given}`);
  }
  const found = await readBaseImage(dockerfileOf(root));
  const digest = given ?? found.digest ?? (await lookUp(found));
  const base = { ...found, digest };
  for (const path of [dockerfileOf(root), join(distOf(root).image, 'Dockerfile')].filter(existsSync)) {
    const text = await readFile(path, 'utf8');
    const pinned = text.replace(LINE, `ARG BASE_IMAGE=${referenceOf(base)}`);
    if (pinned !== text) await writeFile(path, pinned);
  }
  return { base, changed: digest !== found.digest };
};
