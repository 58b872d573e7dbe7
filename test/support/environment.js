// No telemetry from anything a test starts; no CDK template validation (7 s) outside the test that asks for it.
process.env.ORT_DISABLE_TELEMETRY = '1';
process.env.CDK_DISABLE_CLI_TELEMETRY = 'true';
process.env.CDK_VALIDATION ??= 'false';
// The SDK announces the Node its releases of 2027 need; the lockfile pins one that runs on every Node we test.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
