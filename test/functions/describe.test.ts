import { createHandler } from '../../functions/describe/handler';
import { createLogRecorder } from '../support/log-recorder';
import { gatewayEvent } from './gateway-events';

const handler = createHandler({ corsOrigins: [], logger: createLogRecorder() });

describe('the describe function', () => {
  it('answers health without a key', async () => {
    const answer = await handler(gatewayEvent('GET', '/v1/health'));

    expect(answer).toMatchObject({ statusCode: 200, body: '{"status":"ok"}' });
  });

  it('serves the document of the whole API with the stage as its server', async () => {
    const answer = await handler(gatewayEvent('GET', '/v1/openapi.json'));

    const document = JSON.parse(answer.body);
    expect(document.servers).toEqual([{ url: '/live' }]);
    expect(Object.keys(document.paths)).toContain('/v1/classify');
  });

  it('knows no other route', async () => {
    const answer = await handler(gatewayEvent('POST', '/v1/classify'));

    expect(answer.statusCode).toBe(404);
    expect(JSON.parse(answer.body).error.code).toBe('ROUTE_NOT_FOUND');
  });
});
