export { type OpenModelOptions, openModel } from './open-model';
export { openGraphSession } from './open-session';
