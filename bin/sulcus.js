#!/usr/bin/env node
// The command line's launcher: plain JavaScript, so that npm can link it and run it before anything is built.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`sulcus: expected Node 20.19 or later, received ${process.versions.node}\n`);
  process.exit(1);
}

// ONNX Runtime reports usage by default; the switch must be set before its library loads.
process.env.ORT_DISABLE_TELEMETRY = '1';
// The AWS SDK announces the Node its later releases need; the lockfile pins one that runs on this Node.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

try {
  require.resolve('tsx/cjs');
} catch {
  process.stderr.write(
    'sulcus: expected installed dependencies, received none: run "npm ci" in the folder of package.json\n',
  );
  process.exit(1);
}
require('tsx/cjs');
require('../lib/cli/main.ts').main(process.argv);
