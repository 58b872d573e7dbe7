import { createHmac } from 'node:crypto';
import { deliverWebhook, RETRY_DELAYS_SECONDS, retryDelaySeconds } from '../../lib/core/deliver-webhook';
import { type ScanEvent, scanEventSchema, webhookSchema } from '../../lib/core/event-contract';
import { publishResults } from '../../lib/core/publish-results';
import { toScanEvent } from '../../lib/core/scan-event';
import { signWebhook } from '../../lib/core/sign-webhook';
import { createLogRecorder } from '../support/log-recorder';
import { scanRecord, sequencerOf } from '../support/scan-records';

const eventOf = async (...given: Parameters<typeof scanRecord>): Promise<ScanEvent> =>
  scanEventSchema.parse(await toScanEvent(scanRecord(...given)));

describe('the event of a scan', () => {
  it.each(['classified', 'rejected', 'failed'] as const)(
    'is the result without what may name a person: %s',
    async (state) => {
      const record = scanRecord(state, {
        source: { kind: 'upload', bucket: 'scans', key: 'Erika Mustermann.png', versionId: 'v1' },
        apiKeyId: '9f86d081884c',
        requestHash: 'secret-hash',
      });

      const event = scanEventSchema.parse(await toScanEvent(record));

      expect(event).toMatchObject({ scanId: record.scanId, state, label: record.label, apiKeyId: '9f86d081884c' });
      expect(event.source).toEqual({ kind: 'upload', bucket: 'scans' });
      expect(JSON.stringify(event)).not.toMatch(/Mustermann|secret-hash|versionId/);
    },
  );

  it('has one id for one result, and another for another result of the scan', async () => {
    const record = scanRecord('failed', { sequencer: sequencerOf(1) });
    const ids = await Promise.all(
      [record, { ...record }, { ...record, state: 'rejected' as const }, { ...record, sequencer: sequencerOf(2) }].map(
        async (stored) => (await toScanEvent(stored))?.eventId,
      ),
    );

    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  it('is none while the scan is pending or once it is deleted', async () => {
    const record = scanRecord('pending');

    expect(await toScanEvent(record)).toBeUndefined();
    expect(await toScanEvent({ scanId: record.scanId, deleted: true })).toBeUndefined();
  });
});

describe('publishing results', () => {
  const changes = [scanRecord('pending'), scanRecord('classified'), scanRecord('rejected'), scanRecord('failed')].map(
    (stored, index) => ({ position: `position-${index}`, stored }),
  );
  const publishWith = async (taken: (count: number) => boolean[]) => {
    const published: ScanEvent[] = [];
    const bus = {
      publish: async (events: readonly ScanEvent[]) => {
        published.push(...events);
        return taken(events.length);
      },
    };
    return { failed: await publishResults({ bus, logger: createLogRecorder() }, changes), published };
  };

  it('publishes what is final, in order', async () => {
    const { failed, published } = await publishWith((count) => Array(count).fill(true));

    expect(failed).toBeUndefined();
    expect(published.map(({ state }) => state)).toEqual(['classified', 'rejected', 'failed']);
  });

  it('answers where the first one failed', async () => {
    const { failed } = await publishWith(() => [true, false, true]);

    expect(failed).toBe('position-2');
  });
});

describe('signing a webhook', () => {
  it('gives what the specification of Standard Webhooks gives for its example', async () => {
    // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    const headers = await signWebhook(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      '{"test": 2432232314}',
      1_614_265_330_999,
    );

    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('takes text without the prefix as the key itself, and signs once a secret', async () => {
    const headers = await signWebhook('plain-text whsec_AAAA', 'id', 'body', 1_000);

    const signature = (key: string | Buffer) => `v1,${createHmac('sha256', key).update('id.1.body').digest('base64')}`;
    expect(headers['webhook-signature']).toBe(`${signature('plain-text')} ${signature(Buffer.from('AAAA', 'base64'))}`);
  });
});

describe('delivering a webhook', () => {
  const deliver = async (status: number) => {
    const sent: { url: string; headers: Readonly<Record<string, string>>; body: string }[] = [];
    const event = await eventOf('classified');
    const delivering = deliverWebhook(
      {
        send: async (url, headers, body) => {
          sent.push({ url, headers, body });
          return status;
        },
        url: 'https://receiver.test/hook',
        secret: async () => 'whsec_AAAA',
        now: () => 5_000,
      },
      event,
    );
    return { sent, delivering, event };
  };

  it('sends the event with its id, and a signature over exactly that body', async () => {
    const { sent, delivering, event } = await deliver(204);

    await delivering;

    const [request] = sent;
    const content = `${event.eventId}.5.${request?.body}`;
    expect(webhookSchema.parse(JSON.parse(request?.body ?? ''))).toEqual({
      type: 'scan.classified',
      timestamp: event.createdAt,
      data: event,
    });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': event.eventId,
      'webhook-timestamp': '5',
      'webhook-signature': `v1,${createHmac('sha256', Buffer.from('AAAA', 'base64')).update(content).digest('base64')}`,
    });
  });

  it.each([199, 301, 404, 410, 429, 500])('takes %i for not delivered', async (status) => {
    const { delivering } = await deliver(status);

    await expect(delivering).rejects.toMatchObject({ code: 'WEBHOOK_UNDELIVERED', retryable: true });
  });

  it('waits longer each time, a tenth more or less', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((attempts) => retryDelaySeconds(attempts, 0.5));

    expect(delays).toEqual([...RETRY_DELAYS_SECONDS, 36_000]);
    expect([retryDelaySeconds(3, 0), retryDelaySeconds(3, 1)]).toEqual([270, 330]);
  });
});
