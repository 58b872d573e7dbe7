const { TestEnvironment } = require('jest-environment-node');

// The sandbox's process.env is a copy that native libraries do not see; this file runs outside of it.
process.env.ORT_DISABLE_TELEMETRY = '1';

/**
 * Jest's sandbox has typed-array classes of its own; onnxruntime's native binding checks `instanceof` against the
 * outer ones and refuses the sandbox's. Sharing the outer classes makes tensors from tests acceptable to it.
 */
class NativeEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of [
      'ArrayBuffer',
      'SharedArrayBuffer',
      'Int8Array',
      'Uint8Array',
      'Uint8ClampedArray',
      'Int16Array',
      'Uint16Array',
      'Int32Array',
      'Uint32Array',
      'BigInt64Array',
      'BigUint64Array',
      'Float32Array',
      'Float64Array',
    ]) {
      this.global[name] = globalThis[name];
    }
  }
}

module.exports = NativeEnvironment;
