import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { suite, type TestContext, test } from 'node:test';
import { ConfigError } from '../../src/errors.ts';
import { compileGlobs, DEFAULT_GLOBS } from '../../src/monitor/globs.ts';
import { FaultyFs } from './faultyfs.ts';
import { Folder } from './folder.ts';

/** What the patterns, relative to a folder with these files, list; relative to it again. */
async function listed(t: TestContext, files: string[], ...patterns: string[]): Promise<string[]> {
  const folder = new Folder(t);
  for (const file of files) folder.write(file);
  return listedIn(folder, ...patterns);
}

async function listedIn(folder: Folder, ...patterns: string[]): Promise<string[]> {
  const globs = compileGlobs(patterns.map((pattern) => `${folder.path}/${pattern}`));
  const paths = await globs.list();
  for (const path of paths) assert.ok(globs.covers(path), `${path} is listed but not covered`);
  return paths.map((path) => path.slice(folder.path.length + 1));
}

suite('globs', () => {
  test('the default covers the kinds of file that KumoMTA watches below /opt/kumomta/etc', () => {
    const globs = compileGlobs(DEFAULT_GLOBS);
    for (const name of ['policy/init.lua', 'a.json', 'b/c/d.toml', 'x.yaml']) {
      assert.ok(globs.covers(`/opt/kumomta/etc/${name}`), name);
    }
    for (const name of ['a.yml', 'policy/.git/x.lua', '.hidden.lua', 'lua']) {
      assert.ok(!globs.covers(`/opt/kumomta/etc/${name}`), name);
    }
    assert.ok(!globs.covers('/opt/kumomta/share/a.lua'));
  });

  test('double star matches any number of directories, none included', async (t) => {
    const files = ['a.lua', 'd/b.lua', 'd/e/c.lua', 'd/e/c.txt'];
    assert.deepEqual(await listed(t, files, '**/*.lua'), ['a.lua', 'd/b.lua', 'd/e/c.lua']);
    assert.deepEqual(await listed(t, files, 'd/**/**/c.*'), ['d/e/c.lua', 'd/e/c.txt']);
  });

  test('double star as the last component behaves as one star', async (t) => {
    assert.deepEqual(await listed(t, ['a.lua', 'd/b.lua'], '**'), ['a.lua']);
  });

  test('star and question mark stay within one component', async (t) => {
    assert.deepEqual(await listed(t, ['ab', 'abc', 'd/ab'], 'a?', '*/a*'), ['ab', 'd/ab']);
  });

  test('braces match each alternative and may be empty', async (t) => {
    const files = ['a.lua', 'a.toml', 'a.tom', 'a'];
    assert.deepEqual(await listed(t, files, 'a{,.lua,.toml}'), ['a', 'a.lua', 'a.toml']);
  });

  test('classes match ranges, negations and POSIX names', async (t) => {
    const files = ['a1', 'b2', 'c3', 'cx', 'c-'];
    assert.deepEqual(await listed(t, files, '[ab][0-9]'), ['a1', 'b2']);
    assert.deepEqual(await listed(t, files, '[!ab][[:digit:]]'), ['c3']);
    assert.deepEqual(await listed(t, files, 'c[![:alnum:]]'), ['c-']);
  });

  test('a name that begins with a dot matches only a written dot', async (t) => {
    const files = ['.a.lua', 'b.lua', '.d/c.lua'];
    assert.deepEqual(await listed(t, files, '**/*.lua', '?a.lua', '[!x]a.lua', '{*,x}.lua'), ['b.lua']);
    assert.deepEqual(await listed(t, files, '.*.lua', '.d/*', '{.a,x}.lua'), ['.a.lua', '.d/c.lua']);
  });

  test('matching is case sensitive', async (t) => {
    assert.deepEqual(await listed(t, ['A.lua', 'b.LUA'], '*.lua', 'a.*'), ['A.lua']);
  });

  test('a backslash quotes, and characters special elsewhere are plain', async (t) => {
    const files = ['a*', 'ab', 'x (1)+@!.lua', '{y}', 'q"$^|'];
    assert.deepEqual(await listed(t, files, 'a\\*', 'x (1)+@!.*', '\\{y\\}', 'q"$^|'), [
      'a*',
      'q"$^|',
      'x (1)+@!.lua',
      '{y}',
    ]);
  });

  test('the list is unique and in the order of bytes', async (t) => {
    // U+FF5E sorts after the surrogates of U+1F600 in UTF-16, but before it in UTF-8.
    const files = ['b', 'B', '\u{1f600}', '\uff5e'];
    assert.deepEqual(await listed(t, files, '*', '[bB]'), ['B', 'b', '\uff5e', '\u{1f600}']);
  });

  test('a relative pattern starts at the root', async (t) => {
    const folder = new Folder(t);
    folder.write('a.lua');
    assert.deepEqual(await compileGlobs([`${folder.path.slice(1)}/*`]).list(), [folder.at('a.lua')]);
    assert.deepEqual(await compileGlobs([`.${folder.path}/./x/../*`]).list(), [folder.at('a.lua')]);
  });

  test('a base directory that does not exist yields nothing', async (t) => {
    assert.deepEqual(await listed(t, [], 'none/**/*.lua', 'none/a.lua'), []);
  });

  test('a path below a file yields nothing', async (t) => {
    assert.deepEqual(await listed(t, ['a'], 'a/*', 'a/b'), []);
  });

  test('directories and fifos are left out', async (t) => {
    const folder = new Folder(t);
    folder.write('d.lua/a.lua');
    execFileSync('mkfifo', [folder.at('fifo.lua')]);
    assert.deepEqual(await listedIn(folder, '*.lua', 'fifo.lua', 'd.lua'), []);
  });

  test('symlinks to files and directories are followed, dangling ones left out', async (t) => {
    const folder = new Folder(t);
    folder.write('real/a.lua');
    folder.link('etc/file.lua', '../real/a.lua');
    folder.link('etc/dir', '../real');
    folder.link('etc/dangling.lua', 'nowhere');
    assert.deepEqual(await listedIn(folder, 'etc/**/*.lua'), ['etc/dir/a.lua', 'etc/file.lua']);
  });

  test('a symlink inside a symlinked directory is followed, whatever the two are called', async (t) => {
    const folder = new Folder(t);
    folder.write('data/conf-shared/a.lua');
    folder.link('data/conf/shared', '../conf-shared');
    folder.link('etc/link', '../data/conf');
    assert.deepEqual(await listedIn(folder, 'etc/**/*.lua'), ['etc/link/shared/a.lua']);
  });

  test('a loop of symlinks ends where it would come back', async (t) => {
    const folder = new Folder(t);
    folder.write('d/e/a.lua');
    folder.link('d/e/up', '../..');
    folder.link('d/self', 'self');
    assert.deepEqual(await listedIn(folder, '**/*.lua'), ['d/e/a.lua']);
  });

  test('directories that must not be read are skipped', async (t) => {
    const folder = new Folder(t);
    folder.write('a.lua');
    folder.write('d/b.lua');
    const fs = new FaultyFs();
    fs.failing.readdir.set(folder.at('d'), 'EACCES');
    assert.deepEqual(await compileGlobs([`${folder.path}/**/*.lua`]).list(fs), [folder.at('a.lua')]);
  });

  test('the parents of a fixed path need not be readable', async (t) => {
    const folder = new Folder(t);
    folder.write('d/b.lua');
    const fs = new FaultyFs();
    fs.failing.readdir.set(folder.path, 'EACCES');
    assert.deepEqual(await compileGlobs([folder.at('d/*')]).list(fs), [folder.at('d/b.lua')]);
  });

  test('a failure that says nothing about the files is an error, not an empty list', async (t) => {
    const folder = new Folder(t);
    folder.write('a.lua');
    const fs = new FaultyFs();
    fs.failing.readdir.set(folder.path, 'EMFILE');
    await assert.rejects(compileGlobs([`${folder.path}/*`]).list(fs), { code: 'EMFILE' });
  });

  test('globs that reach more directories than any configuration has are an error, not the end of the memory', async () => {
    const fs = new FaultyFs();
    const names = Array.from({ length: 400 }, (_, i) => ({
      name: String(i),
      isFile: () => false,
      isDirectory: () => true,
    }));
    fs.readdir = (_path, _options, done) => setImmediate(done, null, names);
    await assert.rejects(compileGlobs(['/**/*.lua']).list(fs), { code: 'GLOB_INVALID', message: /\/\*\*\/\*\.lua/ });
  });

  for (const [pattern, why] of [
    ['', /it is empty/],
    ['/a\0b', /NUL/],
    ['/', /names a directory/],
    ['/etc/*.{lua,toml', /"\/etc\/\*\.\{lua,toml": missing closing alternative/],
    ['/etc/{a,{b,c}}', /cannot start an alternative inside an alternative/],
    ['/etc/{a/b,c}', /missing closing alternative/],
    ['/etc/[ab', /missing closing class/],
    ['/etc/[]', /empty class/],
    ['/etc/[[:nope:]]', /unknown class \[:nope:\]/],
    ['/etc/[z-a]', /out of order/],
  ] as const) {
    test(`the bad glob ${JSON.stringify(pattern)} is refused with its reason`, () => {
      assert.throws(
        () => compileGlobs(['/fine/*', pattern]),
        (error) => error instanceof ConfigError && error.code === 'GLOB_INVALID' && why.test(error.message),
      );
    });
  }
});
