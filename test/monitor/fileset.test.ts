import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { FileSet, UNREADABLE } from '../../src/monitor/fileset.ts';
import { compileGlobs } from '../../src/monitor/globs.ts';
import { loadHasher } from '../../src/monitor/hash.ts';
import { HandClock } from '../support/clock.ts';
import { FaultyFs } from './faultyfs.ts';
import { Folder } from './folder.ts';

const HOUR = 3_600_000;

/** A set over `*.lua` of a new folder, at a time when the files of the test are an hour old. */
function setUp(t: TestContext) {
  const folder = new Folder(t);
  const fs = new FaultyFs();
  const clock = new HandClock(Date.now() + HOUR);
  const contents: string[] = [];
  const onContent = (_path: string, _hash: string, bytes: Uint8Array) => contents.push(Buffer.from(bytes).toString());
  const set = new FileSet({ globs: compileGlobs([`${folder.path}/**/*.lua`]), clock, fs, onContent });
  return { folder, fs, clock, set, contents };
}

suite('file set', () => {
  test('a scan reads only files whose stat moved', async (t) => {
    const { folder, fs, set } = setUp(t);
    folder.write('a.lua');
    folder.write('b.lua');
    const first = await set.scan();
    assert.equal(fs.reads.length, 2);
    assert.equal(await set.scan(), first);
    assert.equal(fs.reads.length, 2);
    folder.write('b.lua', 'other');
    assert.notEqual((await set.scan()).hash, first.hash);
    assert.deepEqual(fs.reads.slice(2), [folder.at('b.lua')]);
    assert.equal(set.reads, 3);
  });

  test('a file that was younger than two seconds when read is read again until it is older', async (t) => {
    const { folder, fs, clock, set } = setUp(t);
    folder.write('a.lua');
    folder.touch('a.lua', (clock.now() - 1_000) / 1000);
    await set.scan();
    await set.scan();
    assert.equal(fs.reads.length, 2);
    clock.advance(5_000);
    await set.scan();
    assert.equal(fs.reads.length, 3);
    await set.scan();
    assert.equal(fs.reads.length, 3);
  });

  test('a rewrite that the stat does not show is seen while the file is young', async (t) => {
    const { folder, fs, clock, set } = setUp(t);
    // A file system whose times never move.
    const { stat } = fs;
    const times = { mtimeMs: clock.now(), ctimeMs: clock.now() };
    fs.stat = (path, done) => stat(path, (error, found) => done(error, found && Object.assign(found, times)));
    folder.write('a.lua', 'one');
    const first = await set.scan();
    folder.write('a.lua', 'two');
    assert.notEqual((await set.scan()).hash, first.hash);
  });

  test('identical content leaves the snapshot as it was', async (t) => {
    const { folder, set } = setUp(t);
    folder.write('a.lua');
    const first = await set.scan();
    folder.write('a.lua');
    assert.equal(await set.scan(), first);
  });

  test('the bytes of each new content are handed out once', async (t) => {
    const { folder, contents, set } = setUp(t);
    folder.write('a.lua', 'one');
    await set.scan();
    folder.write('a.lua', 'one');
    await set.scan();
    folder.write('a.lua', 'two');
    await set.scan();
    assert.deepEqual(contents, ['one', 'two']);
  });

  test('what the receiver of contents throws fails the scan, and the next one hands them out again', async (t) => {
    const { folder, clock, set } = setUp(t);
    folder.write('a.lua');
    let calls = 0;
    const onContent = () => {
      if (++calls === 1) throw new Error('disk full');
    };
    const failing = new FileSet({ globs: set.globs, clock, onContent });
    await assert.rejects(failing.scan(), { message: 'disk full' });
    assert.equal((await failing.scan()).files.size, 1);
    assert.equal(calls, 2);
  });

  test('an unreadable file counts by its name and is tried again at every scan', async (t) => {
    const { folder, fs, set } = setUp(t);
    folder.write('a.lua');
    fs.failing.readFile.set(folder.at('a.lua'), 'EACCES');
    const denied = await set.scan();
    assert.equal(denied.files.get(folder.at('a.lua'))?.hash, UNREADABLE);
    assert.equal(denied.problems[0]?.path, folder.at('a.lua'));
    assert.equal(await set.scan(), denied);
    fs.failing.readFile.clear();
    const allowed = await set.scan();
    assert.notEqual(allowed.hash, denied.hash);
    assert.deepEqual(allowed.problems, []);
  });

  for (const operation of ['stat', 'readFile'] as const) {
    test(`a file that vanishes before its ${operation} is absent`, async (t) => {
      const { folder, fs, set } = setUp(t);
      folder.write('a.lua');
      folder.write('b.lua');
      fs.failing[operation].set(folder.at('a.lua'), 'ENOENT');
      const { files, problems } = await set.scan();
      assert.deepEqual([...files.keys()], [folder.at('b.lua')]);
      assert.deepEqual(problems, []);
    });

    test(`a shortage of descriptors at a ${operation} fails the scan and changes nothing`, async (t) => {
      const { folder, fs, set } = setUp(t);
      folder.write('a.lua');
      const first = await set.scan();
      folder.write('b.lua');
      fs.failing[operation].set(folder.at('b.lua'), 'EMFILE');
      await assert.rejects(set.scan(), { code: 'EMFILE' });
      folder.remove('b.lua');
      assert.equal((await set.scan()).hash, first.hash);
    });
  }

  test('a symlink that is pointed elsewhere is a change of content', async (t) => {
    const { folder, set } = setUp(t);
    folder.write('v1', 'one');
    folder.write('v2', 'two');
    folder.link('a.lua', 'v1');
    const first = await set.scan();
    folder.remove('a.lua');
    folder.link('a.lua', 'v2');
    assert.notEqual((await set.scan()).hash, first.hash);
  });

  test('more files than one batch holds are all seen, in order', async (t) => {
    const { folder, set } = setUp(t);
    for (let i = 0; i < 1_100; i++) folder.write(`${i}.lua`);
    const paths = [...(await set.scan()).files.keys()];
    assert.equal(paths.length, 1_100);
    assert.deepEqual(paths, paths.toSorted());
  });

  test('after any edits the hash is that of a fresh scan, and equal exactly for equal names and contents', async (t) => {
    const name = fc.constantFrom('a.lua', 'b.lua', 'd/a.lua', 'd/ab.lua', 'ignored.txt');
    const edit = fc.oneof(
      fc.record({ do: fc.constant('write' as const), name, content: fc.constantFrom('', 'x', 'y', 'xx') }),
      fc.record({ do: fc.constant('remove' as const), name }),
      fc.record({ do: fc.constant('rename' as const), name, to: name }),
    );
    await loadHasher();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(edit, { maxLength: 4 }), { minLength: 1, maxLength: 6 }), async (rounds) => {
        const { folder, clock, set } = setUp(t);
        folder.write('d/keep');
        const files = new Map<string, string>();
        const hashes = new Map<string, string>();
        for (const round of rounds) {
          for (const step of round) {
            if (step.do === 'write') {
              folder.write(step.name, step.content);
              files.set(step.name, step.content);
              continue;
            }
            const content = files.get(step.name);
            if (content === undefined) continue;
            files.delete(step.name);
            if (step.do === 'remove') folder.remove(step.name);
            else {
              folder.rename(step.name, step.to);
              files.set(step.to, content);
            }
          }
          const { hash } = await set.scan();
          assert.equal(hash, (await new FileSet({ globs: set.globs, clock }).scan()).hash);
          const state = JSON.stringify([...files].filter(([file]) => file.endsWith('.lua')).sort());
          const known = hashes.get(state);
          if (known === undefined) {
            assert.ok(![...hashes.values()].includes(hash), `${state} has the hash of another state`);
            hashes.set(state, hash);
          } else assert.equal(hash, known);
        }
      }),
      { numRuns: 50 },
    );
  });
});
