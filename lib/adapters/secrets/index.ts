export { createSecret } from './secret';
