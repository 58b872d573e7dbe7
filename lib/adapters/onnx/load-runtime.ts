import type * as OnnxRuntime from 'onnxruntime-node';
import { requireCpuLists } from './host-cpus';

/**
 * ONNX Runtime, loaded at first use. Its Linux and macOS builds write an id and a database under ~/.cache and send usage
 * data unless the environment says no before the native library is loaded, hence neither an import at the top nor a
 * setting in lib/adapters/config. `require`, because that finds the package through NODE_PATH in a Lambda layer.
 * @throws MODEL_UNAVAILABLE where loading it would crash the process
 */
export const loadRuntime = (): typeof OnnxRuntime => {
  requireCpuLists();
  process.env.ORT_DISABLE_TELEMETRY = '1';
  return require('onnxruntime-node');
};
