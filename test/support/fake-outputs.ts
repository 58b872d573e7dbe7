import type { OutputValues } from '../../lib/core/model-outputs';

/** What a fake session or model answers: the values asked for, and no others. @throws when one of them is not given */
export const fakeOutputs = <Name extends string>(
  wanted: readonly Name[],
  values: Readonly<Record<string, Float32Array>>,
): OutputValues<Name> => {
  const missing = wanted.find((name) => values[name] === undefined);
  if (missing !== undefined) throw new RangeError(`expected one of ${Object.keys(values)}, received ${missing}`);
  return Object.fromEntries(wanted.map((name) => [name, values[name]])) as OutputValues<Name>;
};
