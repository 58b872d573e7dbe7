import type { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { marshall } from '@aws-sdk/util-dynamodb';
import { createHandler as createDeliver, handler as deployedDeliver } from '../../functions/deliver-webhook/handler';
import { createHandler as createPublish, handler as deployedPublish } from '../../functions/publish-results/handler';
import { toScanItem, toTombstoneItem } from '../../lib/adapters/dynamodb/scan-item';
import { createEventBus } from '../../lib/adapters/eventbridge';
import { createSecret } from '../../lib/adapters/secrets';
import { createRetryLater, webhookMessage } from '../../lib/adapters/webhook-queue';
import { SulcusError } from '../../lib/core/errors';
import { scanEventSchema } from '../../lib/core/event-contract';
import { toScanEvent } from '../../lib/core/scan-event';
import type { ScanRecord } from '../../lib/core/scan-record';
import { createLogRecorder } from '../support/log-recorder';
import { sqsEvent, sqsRecord } from '../support/s3-messages';
import { scanRecord } from '../support/scan-records';

const streamEvent = (...items: (Record<string, unknown> | null)[]) =>
  ({
    Records: items.map((item, index) => ({
      eventID: `event-${index}`,
      eventName: item === null ? 'REMOVE' : 'MODIFY',
      dynamodb: {
        SequenceNumber: `1000${index}`,
        ...(item === null ? {} : { NewImage: marshall(item, { removeUndefinedValues: true }) }),
      },
    })),
  }) as never;
const itemOf = (record: ScanRecord) => toScanItem(record, Date.now());

/** An EventBridge that takes what `refuse` does not name by its place among all. */
const createBus = (refuse: (entry: number) => boolean = () => false) => {
  const logger = createLogRecorder();
  const requests: NonNullable<PutEventsCommand['input']['Entries']>[] = [];
  let place = 0;
  const client = {
    send: async ({ input }: PutEventsCommand) => {
      requests.push(input.Entries ?? []);
      return {
        Entries: (input.Entries ?? []).map(() =>
          refuse(place++) ? { ErrorCode: 'InternalFailure' } : { EventId: 'x' },
        ),
      };
    },
  };
  const bus = createEventBus({ client: client as never, busName: 'default', logger });
  return { publish: createPublish({ bus, logger }), requests, logger };
};

describe('the publish-results function', () => {
  it('puts an event on the bus for each final result that the stream has, and for nothing else', async () => {
    const { publish, requests } = createBus();
    const classified = scanRecord('classified');
    const event = streamEvent(
      itemOf(scanRecord('pending')),
      itemOf(classified),
      { pk: 'APIKEY#9f86d081884c', sk: 'KEY', name: 'clinic' },
      { pk: 'USAGE#9f86d081884c#1', sk: '2026-01-31', scans: 3 },
      toTombstoneItem(classified.scanId, 30, Date.now()),
      null,
      itemOf(scanRecord('rejected')),
    );

    const answer = await publish(event);

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(requests).toHaveLength(1);
    expect(requests[0]?.map(({ Source, DetailType, EventBusName }) => [Source, DetailType, EventBusName])).toEqual([
      ['sulcus', 'Scan Classified', 'default'],
      ['sulcus', 'Scan Rejected', 'default'],
    ]);
    expect(scanEventSchema.parse(JSON.parse(requests[0]?.[0]?.Detail ?? ''))).toEqual(await toScanEvent(classified));
  });

  it('lets the stream come again from the first event that was not taken, and sends none behind it', async () => {
    const { publish, requests } = createBus((place) => place === 3);

    const answer = await publish(streamEvent(...Array.from({ length: 25 }, () => itemOf(scanRecord('classified')))));

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '10003' }] });
    expect(requests).toHaveLength(1);
  });

  it('sends ten at a time', async () => {
    const { publish, requests } = createBus();

    await publish(streamEvent(...Array.from({ length: 25 }, () => itemOf(scanRecord('classified')))));

    expect(requests.map(({ length }) => length)).toEqual([10, 10, 5]);
  });

  it('lets the whole batch come again when the bus does not answer', async () => {
    const logger = createLogRecorder();
    const client = { send: () => Promise.reject(new Error('down')) };
    const bus = createEventBus({ client: client as never, busName: 'default', logger });

    const answer = await createPublish({ bus, logger })(streamEvent(itemOf(scanRecord('failed'))));

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '10000' }] });
    expect(logger.lines).toEqual([expect.objectContaining({ level: 'error' })]);
  });

  it('refuses what is no event of a stream, and an environment that lacks the bus', async () => {
    await expect(createBus().publish({ Records: [{}] } as never)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(deployedPublish(streamEvent())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

/** @param statuses by the event's id: events of a batch are sent side by side, in no order */
const setUpDelivery = (statuses: ReadonlyMap<string, number> = new Map()) => {
  const logger = createLogRecorder();
  const sent: string[] = [];
  const putOff: [string, number][] = [];
  const handler = createDeliver({
    url: 'https://receiver.example/hook',
    secret: async () => 'whsec_AAAA',
    send: async (_url, headers) => {
      const id = headers['webhook-id'] ?? '';
      sent.push(id);
      return statuses.get(id) ?? 200;
    },
    retryLater: async (receiptHandle, delaySeconds) => void putOff.push([receiptHandle, delaySeconds]),
    random: () => 0.5,
    logger,
    now: Date.now,
  });
  return { handler, sent, putOff, logger };
};

describe('the deliver-webhook function', () => {
  const messageOf = async (id: string, receives = 1) => {
    const event = scanEventSchema.parse(await toScanEvent(scanRecord('classified')));
    return {
      event,
      record: { ...sqsRecord(id, webhookMessage(event, Date.now()), receives), receiptHandle: `r-${id}` },
    };
  };

  it('delivers every event of a batch', async () => {
    const { handler, sent, logger } = setUpDelivery();
    const messages = [await messageOf('m1'), await messageOf('m2')];

    const answer = await handler(sqsEvent(...messages.map(({ record }) => record)));

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(sent.sort()).toEqual(messages.map(({ event }) => event.eventId).sort());
    expect(JSON.stringify(logger.lines)).not.toContain('receiver.example');
  });

  it('leaves what was not taken in the queue, for longer the more often it came', async () => {
    const records = [await messageOf('m1', 1), await messageOf('m2', 1), await messageOf('m3', 4)];
    const failing = [records[0], records[2]].map((message) => [message!.event.eventId, 500] as const);
    const { handler, putOff } = setUpDelivery(new Map(failing));

    const answer = await handler(sqsEvent(...records.map(({ record }) => record)));

    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: 'm1' }, { itemIdentifier: 'm3' }]);
    expect(new Map(putOff)).toEqual(
      new Map([
        ['r-m1', 5],
        ['r-m3', 1_800],
      ]),
    );
  });

  it('leaves a message that is no event of ours to the dead letters', async () => {
    const { handler, sent } = setUpDelivery();
    const record = { ...sqsRecord('m1', '{"source":"aws.s3","detail":{}}', 1), receiptHandle: 'r-m1' };

    expect(await handler(sqsEvent(record))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(sent).toEqual([]);
  });

  it('refuses an environment without a webhook', async () => {
    await expect(deployedDeliver(sqsEvent())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('the secret', () => {
  it('is read once in five minutes and again after a failure', async () => {
    const answers: (string | Error)[] = ['first', new Error('throttled'), 'second'];
    let time = 0;
    let asked = 0;
    const send = async () => {
      asked += 1;
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return { SecretString: answer };
    };
    const secret = createSecret({ secretId: 'arn', client: { send } as never, now: () => time });

    const early = [await secret(), await secret()];
    time = 300_000;
    const failing = secret();

    expect(early).toEqual(['first', 'first']);
    await expect(failing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await secret()).toBe('second');
    expect(asked).toBe(3);
  });

  it('is a failure when there is no text in it', async () => {
    const secret = createSecret({ secretId: 'arn', client: { send: async () => ({}) } as never });

    await expect(secret()).rejects.toBeInstanceOf(SulcusError);
  });
});

describe('putting a message off', () => {
  it('hides it for so long', async () => {
    const inputs: object[] = [];
    const retryLater = createRetryLater('https://queue', {
      send: async ({ input }: { input: object }) => void inputs.push(input),
    } as never);

    await retryLater('handle', 300);

    expect(inputs).toEqual([{ QueueUrl: 'https://queue', ReceiptHandle: 'handle', VisibilityTimeout: 300 }]);
  });
});
