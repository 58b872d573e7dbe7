/**
 * The DynamoDB contract suites against moto, a peer that is nobody's code here: `node test/contracts/run-on-moto.js`.
 * Needs `pip install 'moto[server]'`; without it, says so and succeeds. PYTHON names the interpreter.
 */
const { spawn, spawnSync } = require('node:child_process');
const { createServer } = require('node:net');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const python = process.env.PYTHON ?? 'python3';
const root = path.join(__dirname, '../..');

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const isUp = (endpoint) =>
  fetch(endpoint).then(
    () => true,
    () => false,
  );

const main = async () => {
  if (spawnSync(python, ['-c', 'import moto.server'], { stdio: 'ignore' }).status !== 0) {
    process.stdout.write(`skipped: ${python} has no moto (pip install 'moto[server]')\n`);
    return 0;
  }
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const moto = spawn(python, [path.join(__dirname, 'moto_in_order.py'), String(port)], { stdio: 'ignore' });
  try {
    for (let waits = 0; !(await isUp(endpoint)); waits += 1) {
      if (waits === 300 || moto.exitCode !== null) {
        process.stderr.write('expected moto to answer within 30 s, received nothing\n');
        return 1;
      }
      await sleep(100);
    }
    const jest = spawn(
      process.execPath,
      [require.resolve('jest/bin/jest'), 'test/contracts/dynamodb-stores', '-t', 'on the given endpoint'],
      { cwd: root, stdio: 'inherit', env: { ...process.env, SULCUS_TEST_DYNAMODB_ENDPOINT: endpoint } },
    );
    return await new Promise((resolve) => jest.once('exit', (code) => resolve(code ?? 1)));
  } finally {
    moto.kill();
  }
};

void main().then((code) => {
  process.exitCode = code;
});
