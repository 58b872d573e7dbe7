import { readConfig, SESSION_FIELDS, sessionSettings } from '../adapters/config/config';
import type { SessionSettings } from '../adapters/onnx';

/**
 * How a command's model session runs: as the environment says, threads as the option says.
 * @throws CONFIG_INVALID naming each environment variable that is wrong
 */
export const readSessionSettings = (threads?: number): SessionSettings => {
  const settings = sessionSettings(readConfig(SESSION_FIELDS));
  return { ...settings, threads: threads ?? settings.threads };
};
