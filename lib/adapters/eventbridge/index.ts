export { createEventBus } from './event-bus';
