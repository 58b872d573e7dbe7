import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { LIMITS } from '../../../lib/topology';

const ROOT = resolve(__dirname, '../../..');

/**
 * V8 interprets a regular expression the first time it meets it, with another stack than compiled ones have; the flag
 * makes a process of its own do so always. A regular expression that repeats over the whole text may run out of either.
 * @returns the length decoded, or the code of the error
 */
const decode = (text: string): string =>
  execFileSync(
    process.execPath,
    [
      '--regexp-interpret-all',
      '--require',
      'tsx/cjs',
      '--eval',
      `const { decodeBase64Image } = require('./lib/adapters/http/body.ts');
       try { console.log(decodeBase64Image(${text}, 'image').length); } catch (error) { console.log(error.code ?? error.name); }`,
    ],
    { cwd: ROOT, encoding: 'utf8' },
  ).trim();

test.each([
  ['the largest image', `Buffer.alloc(${LIMITS.apiImageBytes}, 0x89).toString('base64')`, String(LIMITS.apiImageBytes)],
  ['one byte more', `Buffer.alloc(${LIMITS.apiImageBytes + 1}, 0x89).toString('base64')`, 'IMAGE_TOO_LARGE'],
  ['six million spaces', "' '.repeat(6_000_000)", 'INVALID_REQUEST'],
  ['six million padding signs', "'='.repeat(6_000_000)", 'INVALID_REQUEST'],
  ['a foreign character at the end', "'A'.repeat(5_999_999) + '!'", 'INVALID_REQUEST'],
])('base64 of %s is answered by interpreted regular expressions too', (_, text, answer) => {
  expect(decode(text)).toBe(answer);
});
