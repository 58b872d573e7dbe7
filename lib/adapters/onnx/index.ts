export { bundlesBeside } from './bundles-beside';
export { type Bundle, openBundle } from './open-bundle';
export { type OpenModelOptions, openModel } from './open-model';
export { openGraphSession } from './open-session';
export type { SessionSettings } from './session-options';
