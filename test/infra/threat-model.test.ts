import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './synthesize';

const page = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8');
const threats = page.split('\n').filter((line) => line.startsWith('| **'));

describe('the threat model', () => {
  test('answers each threat, and names the tests that hold the answer', () => {
    expect(threats.length).toBeGreaterThan(15);
    for (const threat of threats) {
      const [, , answer = '', tests = ''] = threat.split('|').map((cell) => cell.trim());
      const paths = [...tests.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);

      expect(answer.length).toBeGreaterThan(40);
      expect(paths.length).toBeGreaterThan(0);
      expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    }
  });

  test('links to pages that exist', () => {
    const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);

    expect(links.filter((link) => !existsSync(join(ROOT, 'docs', link)))).toEqual([]);
  });
});
