import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { exists, readFile, readPolicy } from '../../src/policy/files.ts';

suite('files of a policy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kumo-files-'));
  after(() => rmSync(folder, { recursive: true }));
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const plain = join(folder, 'plain');
  writeFileSync(plain, 'text');

  test('a file is read', () => {
    assert.equal(Buffer.from(readFile(plain)).toString(), 'text');
    assert.equal(exists(plain), true);
  });

  const bad: [what: string, path: string, reason: string][] = [
    ['a missing file', join(folder, 'none'), 'No such file or directory (os error 2)'],
    ['a folder', folder, 'Is a directory (os error 21)'],
    ['a path below a file', join(plain, 'x'), 'Not a directory (os error 20)'],
    ['a FIFO', fifo, 'not a regular file'],
    ['a device', '/dev/zero', 'not a regular file'],
  ];
  for (const [what, path, reason] of bad) {
    test(`${what} is refused at once`, () => {
      assert.throws(() => readFile(path), { code: 'POLICY_FAILED', message: `reading file ${path}: ${reason}` });
      assert.throws(() => readPolicy(path), {
        code: 'POLICY_NOT_FOUND',
        message: `reading policy file "${path}": ${reason}`,
        place: { file: path },
      });
      assert.equal(exists(path), false);
    });
  }
});
