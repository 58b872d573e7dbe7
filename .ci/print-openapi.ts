import { createHandler } from '../functions/describe/handler';
