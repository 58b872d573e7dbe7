import { createAsyncApiDocument } from '../lib/adapters/http/asyncapi-document';

process.stdout.write(`${JSON.stringify(createAsyncApiDocument())}\n`);
