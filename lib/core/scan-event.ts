import { EVENT_TYPES, type FinalState, type ScanEvent, type WebhookPayload } from './event-contract';
import { sha256Hex } from './scan-ids';
import { isTombstone, type ScanRecord, type Tombstone, toScanResult } from './scan-record';

const isFinal = (state: ScanRecord['state']): state is FinalState => state !== 'pending';

/**
 * The event of a stored scan, undefined while it is pending or once it is deleted. Whoever makes it of the same result
 * makes the same event: its id derives from scan, state, upload event and model. Object keys and file names stay out of it,
 * since buses archive and forward, and keys are often people's names.
 */
export const toScanEvent = async (stored: ScanRecord | Tombstone): Promise<ScanEvent | undefined> => {
  if (isTombstone(stored) || !isFinal(stored.state)) return undefined;
  const { scanId, state, sequencer, createdAt, model } = stored;
  const { source, ...result } = toScanResult(stored);
  const { kind, bucket } = source;
  const eventId = (
    await sha256Hex(JSON.stringify(['event', scanId, state, sequencer, createdAt, model?.digest]))
  ).slice(0, 32);
  return { ...result, eventId, state, source: { kind, bucket } };
};

export const toWebhookPayload = (event: ScanEvent): WebhookPayload => ({
  type: EVENT_TYPES[event.state].type,
  timestamp: event.createdAt,
  data: event,
});
