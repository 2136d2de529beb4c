import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { ConfigError } from '../../src/errors.ts';
import { UNREADABLE } from '../../src/monitor/fileset.ts';
import { type Change, Monitor, type MonitorProblem } from '../../src/monitor/monitor.ts';
import { HandClock } from '../support/clock.ts';
import { FaultyFs } from './faultyfs.ts';
import { Folder } from './folder.ts';

const INTERVAL = 10_000;
const SETTLE = 250;

/** A monitor over a new folder with these files, its baseline taken, and all that it has reported. */
async function start(t: TestContext, files: Record<string, string> = { 'init.lua': 'one' }) {
  const folder = new Folder(t);
  for (const [name, content] of Object.entries(files)) folder.write(name, content);
  const fs = new FaultyFs();
  const clock = new HandClock(Date.now() + 3_600_000);
  const changes: Change[] = [];
  const problems: MonitorProblem[] = [];
  const polls: { durationMs: number; files: number; read: number }[] = [];
  const logged: string[] = [];
  const log = (_fields: object, message: string) => logged.push(message);
  const monitor = new Monitor({
    globs: [`${folder.path}/**/*.lua`],
    intervalMs: INTERVAL,
    settleMs: SETTLE,
    clock,
    fs,
    log: { info: log, warn: log, error: log },
    onChange: (change) => changes.push(change),
    onProblem: (problem) => problems.push(problem),
    onPoll: (poll) => polls.push(poll),
  });
  t.after(() => monitor.stop());
  await monitor.start();

  /** Begins a poll and resolves when it has seen a difference and waits for it to settle. */
  const pollUntilUnsettled = async () => {
    const waiting = clock.nextTimer();
    const poll = monitor.poll();
    assert.equal(await waiting, SETTLE);
    return { poll };
  };
  /** A whole poll that finds a difference which is the same a moment later. */
  const pollSettled = async () => {
    const { poll } = await pollUntilUnsettled();
    clock.advance(SETTLE);
    return await poll;
  };
  const hashOf = (name: string) => monitor.current.files.get(folder.at(name))!.hash;
  return { folder, fs, clock, monitor, changes, problems, polls, logged, pollUntilUnsettled, pollSettled, hashOf };
}

suite('monitor', () => {
  test('a settled change is reported once, with what was and what is', async (t) => {
    const { folder, monitor, changes, pollSettled, hashOf } = await start(t);
    const before = monitor.current;
    const was = hashOf('init.lua');
    folder.write('init.lua', 'two');
    const change = await pollSettled();
    assert.deepEqual(changes, [change]);
    assert.equal(change?.previousHash, before.hash);
    assert.equal(change?.hash, monitor.current.hash);
    assert.equal(change?.snapshot, monitor.current);
    assert.deepEqual(change?.files, [{ path: folder.at('init.lua'), before: was, after: hashOf('init.lua') }]);
    assert.equal(await monitor.poll(), null);
    assert.equal(changes.length, 1);
  });

  test('added, removed and renamed files are a change', async (t) => {
    const { folder, pollSettled, hashOf } = await start(t, { 'a.lua': 'a', 'b.lua': 'b' });
    const [a, b] = [hashOf('a.lua'), hashOf('b.lua')];
    folder.rename('a.lua', 'd.lua');
    folder.remove('b.lua');
    folder.write('c.lua', 'c');
    assert.deepEqual((await pollSettled())?.files, [
      { path: folder.at('a.lua'), before: a, after: null },
      { path: folder.at('b.lua'), before: b, after: null },
      { path: folder.at('c.lua'), before: null, after: hashOf('c.lua') },
      { path: folder.at('d.lua'), before: null, after: a },
    ]);
  });

  test('a half-written deploy is not reported before it is complete', async (t) => {
    const { folder, clock, changes, pollUntilUnsettled } = await start(t);
    folder.write('init.lua', 'ha');
    const { poll } = await pollUntilUnsettled();
    for (const content of ['half', 'half wri']) {
      folder.write('init.lua', content);
      const waiting = clock.nextTimer();
      clock.advance(SETTLE);
      await waiting;
      assert.deepEqual(changes, []);
    }
    folder.write('init.lua', 'all written');
    const waiting = clock.nextTimer();
    clock.advance(SETTLE);
    await waiting;
    clock.advance(SETTLE);
    assert.equal((await poll)?.snapshot.files.get(folder.at('init.lua'))?.size, 'all written'.length);
    assert.equal(changes.length, 1);
  });

  test('a change that reverts before it settles is not reported', async (t) => {
    const { folder, clock, monitor, changes, pollUntilUnsettled } = await start(t);
    const before = monitor.current.hash;
    folder.write('init.lua', 'two');
    const { poll } = await pollUntilUnsettled();
    folder.write('init.lua', 'one');
    clock.advance(SETTLE);
    assert.equal(await poll, null);
    assert.deepEqual(changes, []);
    assert.equal(monitor.current.hash, before);
  });

  test('touching a file or writing the same content again is not a change', async (t) => {
    const { folder, monitor, changes } = await start(t);
    folder.touch('init.lua', 1);
    assert.equal(await monitor.poll(), null);
    folder.write('init.lua', 'one');
    assert.equal(await monitor.poll(), null);
    assert.deepEqual(changes, []);
  });

  test('files that never settle are left to the next poll when that is due', async (t) => {
    const { folder, clock, changes, logged, pollUntilUnsettled, pollSettled } = await start(t);
    let content = 'x';
    folder.write('init.lua', content);
    const { poll } = await pollUntilUnsettled();
    let ended = false;
    poll.then(() => {
      ended = true;
    });
    for (let waited = SETTLE; waited < INTERVAL; waited += SETTLE) {
      content += 'x';
      folder.write('init.lua', content);
      const waiting = clock.nextTimer();
      clock.advance(SETTLE);
      await waiting;
    }
    assert.equal(ended, false);
    folder.write('init.lua', `${content}x`);
    clock.advance(SETTLE);
    assert.equal(await poll, null);
    assert.deepEqual(changes, []);
    assert.deepEqual(logged, ['the monitored files keep changing; the next poll looks again']);
    assert.notEqual(await pollSettled(), null);
  });

  test('files are polled at every interval by themselves', async (t) => {
    const { folder, clock, changes } = await start(t);
    for (const content of ['two', 'three']) {
      folder.write('init.lua', content);
      const settling = clock.nextTimer();
      clock.advance(INTERVAL);
      assert.equal(await settling, SETTLE);
      const next = clock.nextTimer();
      clock.advance(SETTLE);
      assert.equal(await next, INTERVAL);
    }
    assert.equal(changes.length, 2);
  });

  test('a poll during a poll joins it', async (t) => {
    const { folder, clock, monitor, changes, pollUntilUnsettled } = await start(t);
    folder.write('init.lua', 'two');
    const { poll } = await pollUntilUnsettled();
    const joined = monitor.poll();
    clock.advance(SETTLE);
    assert.equal(await joined, await poll);
    assert.equal(changes.length, 1);
  });

  test('a stopped monitor reports nothing and sets no timer, even from the middle of a poll', async (t) => {
    const { folder, clock, monitor, changes, pollUntilUnsettled } = await start(t);
    folder.write('init.lua', 'two');
    const { poll } = await pollUntilUnsettled();
    monitor.stop();
    assert.equal(await poll, null);
    assert.equal(clock.pending, 0);
    assert.deepEqual(changes, []);
  });

  test('an unreadable file is a problem told once, and a change', async (t) => {
    const { folder, fs, monitor, problems, logged, pollSettled, hashOf } = await start(t);
    const was = hashOf('init.lua');
    fs.failing.readFile.set(folder.at('init.lua'), 'EACCES');
    folder.touch('init.lua', 1);
    const path = folder.at('init.lua');
    assert.deepEqual((await pollSettled())?.files, [{ path, before: was, after: UNREADABLE }]);
    await monitor.poll();
    assert.deepEqual(problems, [{ path, error: `EACCES: readFile '${path}'` }]);
    fs.failing.readFile.clear();
    assert.deepEqual((await pollSettled())?.files, [{ path, before: UNREADABLE, after: was }]);
    assert.deepEqual(logged, ['a monitored file cannot be read', 'a monitored file is no longer unreadable']);
  });

  test('a poll that fails is a problem, keeps the state, and the loop goes on', async (t) => {
    const { folder, fs, clock, monitor, problems, changes, pollSettled } = await start(t);
    const before = monitor.current;
    fs.failing.readdir.set(folder.path, 'EMFILE');
    const next = clock.nextTimer();
    clock.advance(INTERVAL);
    assert.equal(await next, INTERVAL);
    assert.deepEqual(problems, [{ path: null, error: `EMFILE: readdir '${folder.path}'` }]);
    assert.equal(monitor.current, before);
    fs.failing.readdir.clear();
    folder.write('init.lua', 'two');
    await pollSettled();
    assert.equal(changes.length, 1);
  });

  test('no files at all is a warning once, and again after there were some', async (t) => {
    const { folder, monitor, logged, pollSettled } = await start(t, {});
    await monitor.poll();
    assert.deepEqual(logged, ['the globs match no files']);
    folder.write('a.lua');
    await pollSettled();
    folder.remove('a.lua');
    await pollSettled();
    await monitor.poll();
    assert.deepEqual(logged, ['the globs match no files', 'the globs match no files']);
  });

  test('new globs count from the next poll', async (t) => {
    const { folder, monitor, pollSettled, hashOf } = await start(t, { 'a.lua': 'a', 'b.toml': 'b' });
    const a = hashOf('a.lua');
    monitor.setGlobs([`${folder.path}/*.toml`]);
    assert.deepEqual(await monitor.evalGlobs(), [folder.at('b.toml')]);
    assert.deepEqual((await pollSettled())?.files, [
      { path: folder.at('a.lua'), before: a, after: null },
      { path: folder.at('b.toml'), before: null, after: hashOf('b.toml') },
    ]);
  });

  test('a bad glob raises and leaves the old ones', async (t) => {
    const { folder, monitor } = await start(t);
    assert.throws(
      () => monitor.setGlobs([`${folder.path}/*.toml`, '/x/{a']),
      (error) => error instanceof ConfigError && error.code === 'GLOB_INVALID',
    );
    assert.deepEqual(await monitor.evalGlobs(), [folder.at('init.lua')]);
    assert.equal(await monitor.poll(), null);
  });

  test('each poll tells how long it took and what it read', async (t) => {
    const { folder, monitor, polls, pollSettled } = await start(t, { 'a.lua': 'a', 'b.lua': 'b' });
    folder.write('a.lua', 'other');
    await pollSettled();
    assert.equal(monitor.lastPollMs, SETTLE);
    assert.deepEqual(polls, [
      { durationMs: 0, files: 2, read: 2 },
      { durationMs: SETTLE, files: 2, read: 1 },
    ]);
  });
});
