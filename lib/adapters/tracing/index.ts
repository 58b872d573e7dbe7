export { createTrace } from './powertools-trace';
