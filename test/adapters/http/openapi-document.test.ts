import { createOpenApiDocument } from '../../../lib/adapters/http';
import {
  announcedScanExample,
  featuresResultExample,
  modelFactsExample,
  scanResultExample,
} from '../../../lib/adapters/http/examples';
import { announcedScanSchema, featuresResultSchema, scanResultSchema } from '../../../lib/core/contract';
import { modelFactsSchema } from '../../../lib/core/model-facts';
import { KEYED_ROUTES, PUBLIC_ROUTES } from '../../../lib/topology';
import { createApiUnderTest } from './api-under-test';

interface Operation {
  readonly operationId: string;
  readonly security?: unknown;
  readonly requestBody?: { content: Record<string, { schema?: unknown }> };
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

interface Document {
  readonly openapi: string;
  readonly info: { description: string };
  readonly servers: { url: string }[];
  readonly security: unknown;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

const document = createOpenApiDocument('') as unknown as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
);
const publicOperations = PUBLIC_ROUTES.map((path) => `GET ${path}`);

describe('the OpenAPI document', () => {
  it('is served as JSON', async () => {
    const { app } = createApiUnderTest();

    const response = await app.request('/v1/openapi.json');

    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual(document);
  });

  it('holds the routes of the topology and no other', () => {
    const expected = [...publicOperations, ...KEYED_ROUTES.map(({ method, path }) => `${method} ${path}`)];

    expect(operations.map(({ route }) => route).sort()).toEqual(expected.sort());
  });

  it('is OpenAPI 3.1 with a relative server and the research-use notice', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toEqual([{ url: '/' }]);
    expect(document.info.description).toContain('Research use only');
    expect(createOpenApiDocument('/live')).toMatchObject({ servers: [{ url: '/live' }] });
  });

  it('takes either form of the key everywhere but on the public routes', () => {
    const open = operations.filter(({ operation }) => operation.security !== undefined);

    expect(document.security).toEqual([{ apiKey: [] }, { bearer: [] }]);
    expect(document.components.securitySchemes).toEqual({
      apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      bearer: { type: 'http', scheme: 'bearer' },
    });
    expect(open.map(({ route, operation }) => [route, operation.security])).toEqual(
      publicOperations.map((route) => [route, []]),
    );
  });

  it('gives every operation a name of its own and every failure the error body', () => {
    const names = operations.map(({ operation }) => operation.operationId);
    const failures = operations.flatMap(({ operation }) =>
      Object.entries(operation.responses).filter(([status]) => Number(status) >= 400),
    );

    expect(new Set(names).size).toBe(names.length);
    expect(failures.length).toBeGreaterThan(20);
    for (const [, response] of failures) {
      expect(response.content?.['application/json']?.schema).toEqual({ $ref: '#/components/schemas/Error' });
    }
  });

  it.each(KEYED_ROUTES.map(({ method, path }) => `${method} ${path}`))(
    'documents 401, 429, 500 and 503 of %s',
    (route) => {
      const statuses = Object.keys(operations.find((each) => each.route === route)?.operation.responses ?? {});

      expect(statuses).toEqual(expect.arrayContaining(['401', '429', '500', '503']));
    },
  );

  it.each([
    'POST /v1/classify',
    'POST /v1/features',
    'POST /v1/models/{name}/classify',
    'POST /v1/models/{name}/features',
    'POST /models/{name}',
  ])('offers bytes and JSON to %s', (route) => {
    const content = operations.find((each) => each.route === route)?.operation.requestBody?.content ?? {};

    expect(Object.keys(content).sort()).toEqual(['application/json', 'application/octet-stream', 'image/*']);
    expect(content['image/*']?.schema).toEqual({ type: 'string', format: 'binary' });
  });

  it('names its schemas, leaves no reference open and no pattern with flags', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);

    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(references));
    expect(references).toEqual(
      expect.arrayContaining(['ScanResult', 'ScanList', 'AnnouncedScan', 'FeaturesResult', 'ModelFacts', 'Error']),
    );
    for (const [, pattern] of text.matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)) {
      const source: string = JSON.parse(`"${pattern}"`);
      expect(() => new RegExp(source, 'u')).not.toThrow();
      expect(source.endsWith('/i')).toBe(false);
    }
  });

  it('lets what may be null be null beside a named schema', () => {
    const result = document.components.schemas.ScanResult as { properties: Record<string, unknown> };

    expect(result.properties.model).toEqual({
      anyOf: [{ $ref: '#/components/schemas/ModelReference' }, { type: 'null' }],
    });
    expect(document.components.schemas.ModelReference).toMatchObject({ type: 'object' });
  });

  it('shows examples that its schemas accept', () => {
    expect(scanResultSchema.parse(scanResultExample)).toEqual(scanResultExample);
    expect(announcedScanSchema.parse(announcedScanExample)).toEqual(announcedScanExample);
    expect(featuresResultSchema.parse(featuresResultExample)).toEqual(featuresResultExample);
    expect(modelFactsSchema.parse(modelFactsExample)).toEqual(modelFactsExample);
  });
});
