import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The committed launcher as a user's shell runs it. */
const sulcus = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, '../../bin/sulcus.js'), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

describe('the sulcus launcher', () => {
  test('--help lists the commands and succeeds', () => {
    const { status, stdout } = sulcus('--help');

    expect(status).toBe(0);
    for (const command of ['classify', 'compile', 'start', 'keys']) expect(stdout).toContain(command);
  });

  test('--version prints the version of package.json', () => {
    expect(sulcus('--version').stdout.trim()).toBe((require('../../package.json') as { version: string }).version);
  });

  test.each([
    ['an unknown command', ['frobnicate']],
    ['a missing argument', ['classify']],
    ['an unknown option', ['classify', 'a.png', '--frob']],
    ["another command's option", ['backfill-plan', '--scans', '9', '--webhook']],
    ['a port that is none', ['start', '--port', '70000']],
    ['a file that is not there', ['classify', 'no-such-file.png']],
  ])('%s is a usage error: exit code 2, the reason on stderr, nothing on stdout', (_, args) => {
    const { status, stdout, stderr } = sulcus(...args);

    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
  });

  test('a checkpoint folder that is none has an exit code of its own', () => {
    const { status, stderr } = sulcus('compile', join(__dirname, 'nowhere'), '--out', join(__dirname, 'never'));

    expect(status).toBe(3);
    expect(stderr).toContain('CHECKPOINT_INVALID');
  });
});
