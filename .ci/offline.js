// Run by offline.sh inside a namespace without routes: start, one scan by API, one by folder, stop; then look at what
// the process tried to reach and what it left in the home folder.
const { spawn, spawnSync } = require('node:child_process');
const { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');

const root = join(__dirname, '..');
const sample = join(root, 'test/fixtures/icbm152-axial.png');
const folder = mkdtempSync(join(tmpdir(), 'sulcus-offline-'));
const home = mkdtempSync(join(tmpdir(), 'sulcus-home-'));
const trace = join(folder, 'connects');
const traced = spawnSync('strace', ['-V']).status === 0;

const main = async () => {
  const command = [process.execPath, 'bin/sulcus.js', 'start', '--port', '0', '--data-dir', join(folder, 'data')];
  // -D: the tracer is the grandchild, so that SIGTERM reaches the server itself.
  const wrapped = traced
    ? ['strace', '-D', '-f', '-qq', '-e', 'trace=connect,sendto', '-o', trace, ...command]
    : command;
  const server = spawn(wrapped[0], wrapped.slice(1), {
    cwd: root,
    env: { ...process.env, HOME: home, XDG_CACHE_HOME: '' },
    stdio: 'inherit',
  });
  const exited = new Promise((done) => server.once('exit', done));
  const endpointFile = join(folder, 'data', 'endpoint.json');
  for (let tries = 0; !existsSync(endpointFile); tries += 1) {
    if (tries > 300) throw new Error('expected endpoint.json within 30 s');
    await delay(100);
  }
  const { url, apiKey, scanFolder } = JSON.parse(readFileSync(endpointFile, 'utf8'));
  const headers = { 'x-api-key': apiKey, 'content-type': 'image/png' };
  const answer = await (
    await fetch(`${url}/v1/classify`, { method: 'POST', headers, body: readFileSync(sample) })
  ).json();
  if (answer.state !== 'classified') throw new Error(`expected a classified scan, received ${JSON.stringify(answer)}`);
  cpSync(sample, join(scanFolder, 'dropped.png'));
  for (let tries = 0; ; tries += 1) {
    const { items } = await (await fetch(`${url}/v1/scans?key=dropped.png`, { headers })).json();
    if (items[0]?.state === 'classified') break;
    if (tries > 100) throw new Error('expected the dropped scan classified within 10 s');
    await delay(100);
  }
  await delay(3000);
  server.kill('SIGTERM');
  const stopped = await Promise.race([exited.then(() => true), delay(5000, false)]);
  if (!stopped) throw new Error('expected the server to stop within 5 s of SIGTERM');
  await delay(500); // the tracer writes its last lines
  const left = readdirSync(home);
  if (left.length > 0) throw new Error(`expected an untouched home folder, received ${left.join(', ')}`);
  if (!traced) return console.log('ran without a network; strace is absent, so attempts were not counted');
  const outward = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => /AF_INET6?,/.test(line) && !/127\.0\.0\.1|"::1"/.test(line));
  if (outward.length > 0)
    throw new Error(`expected no connection outside loopback, received:\n${outward.slice(0, 5).join('\n')}`);
  console.log('ran without a network and never tried to leave loopback');
};

main()
  .finally(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
  })
  .then(
    () => process.exit(0),
    (error) => {
      console.error(error.message);
      process.exit(1);
    },
  );
