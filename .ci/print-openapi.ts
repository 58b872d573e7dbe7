import { createOpenApiDocument } from '../lib/adapters/http';

console.log(JSON.stringify(createOpenApiDocument('https://example.com')));
