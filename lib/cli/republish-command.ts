import { createResultStore, createTableClient } from '../adapters/dynamodb';
import { createEventBus } from '../adapters/eventbridge';
import { listQuerySchema } from '../core/contract';
import { SulcusError } from '../core/errors';
import { type RepublishDeps, type RepublishRange, republishResults } from '../core/republish-results';
import { DEPLOYED, LIMITS } from '../topology';
import { describeError, EXIT } from './exit-codes';
import type { Output } from './output';

export interface RepublishOptions {
  readonly table: string;
  readonly from: string;
  readonly to?: string;
  readonly json?: boolean;
}

const rangeSchema = listQuerySchema.pick({ from: true, to: true }).required({ from: true });

const rangeOf = (options: Pick<RepublishOptions, 'from' | 'to'>): RepublishRange => {
  const { success, data } = rangeSchema.safeParse({ from: options.from, to: options.to });
  if (success && (data.to === undefined || data.from <= data.to)) return data;
  throw new SulcusError(
    'INVALID_REQUEST',
    'expected times such as 2026-01-31T08:00:00Z for --from and, not before it, --to; received others',
  );
};

/** The deployment's own stores, until `close`. */
const openDeployed = (tableName: string, output: Output): RepublishDeps & { close: () => void } => {
  const client = createTableClient();
  const logger = {
    info: () => {},
    warn: () => {},
    error: (message: string, error: unknown) => output.note(`sulcus: ${message}: ${describeError(error)}`),
  };
  return {
    results: createResultStore({ client, tableName, tombstoneDays: LIMITS.tombstoneDays }),
    bus: createEventBus({ busName: DEPLOYED.eventBus, logger }),
    close: () => client.destroy(),
  };
};

/**
 * `sulcus republish`: makes the events of results that a deployment holds again, for a bus or a receiver that missed them.
 * @throws INVALID_REQUEST for a range that is none, STORE_UNAVAILABLE when table or bus fail
 */
export const republishCommand = async (
  { table, from, to, json = false }: RepublishOptions,
  output: Output,
  open: (table: string, output: Output) => RepublishDeps & { close: () => void } = openDeployed,
): Promise<number> => {
  const range = rangeOf({ from, to });
  const { close, ...deps } = open(table, output);
  try {
    const published = await republishResults(deps, range, (count) => output.note(`${count} so far`));
    if (json) output.line(JSON.stringify({ bus: DEPLOYED.eventBus, ...range, published }));
    else output.line(`${published} published to ${DEPLOYED.eventBus}, with the ids they had.`);
    return EXIT.ok;
  } finally {
    close();
  }
};
