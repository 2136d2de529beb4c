import assert from 'node:assert/strict';
import { mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ledger } from '../../src/epoch/ledger.ts';
import { entryOf, folderFor } from './folder.ts';

const numbers = (ledger: Ledger): number[] => ledger.page(Number.MAX_SAFE_INTEGER).map(({ epoch }) => epoch);

test('what was written is there again after a restart, the last word on each entry', (t) => {
  const folder = folderFor(t);
  const ledger = new Ledger(folder);
  const second = entryOf(2, 'pending');
  for (const entry of [entryOf(1), second, entryOf(3)]) ledger.write(entry);
  second.status = 'rejected';
  second.errors = [{ code: 'POLICY_SYNTAX', message: 'unexpected symbol', file: 'init.lua', line: 7 }];
  ledger.write(second);
  ledger.close();
  const again = new Ledger(folder);
  assert.deepEqual(again.page(10), [entryOf(3), second, entryOf(1)]);
  assert.equal(again.torn, 0);
  assert.deepEqual([again.last?.epoch, again.lastAccepted?.epoch, again.lastRejected?.epoch], [3, 3, 2]);
  again.close();
});

test('an entry outlives the process from the moment that write returns', (t) => {
  const folder = folderFor(t);
  const ledger = new Ledger(folder);
  void ledger.write(entryOf(1));
  // Nothing is closed, as when the process is killed here.
  assert.deepEqual(numbers(new Ledger(folder)), [1]);
});

test('its file is for its owner alone', (t) => {
  const folder = folderFor(t);
  new Ledger(folder).close();
  assert.equal(statSync(join(folder, 'ledger.jsonl')).mode & 0o777, 0o600);
});

test('what was pending when the daemon ended is rejected, with a reason, and stays so', (t) => {
  const folder = folderFor(t);
  new Ledger(folder).write(entryOf(1, 'pending'));
  for (let restart = 0; restart < 2; restart++) {
    const { status, errors } = new Ledger(folder).find(1)!;
    assert.equal(status, 'rejected');
    assert.deepEqual(errors, [
      { code: 'EPOCH_REJECTED', message: 'the daemon stopped before this epoch was evaluated' },
    ]);
  }
});

test('cut off at any byte the ledger loads, loses no complete entry, and can be written on', (t) => {
  const folder = folderFor(t);
  const file = join(folder, 'ledger.jsonl');
  const ledger = new Ledger(folder);
  for (const epoch of [1, 2]) ledger.write(entryOf(epoch));
  ledger.close();
  const whole = readFileSync(file);
  for (let length = 0; length <= whole.length; length++) {
    const cut = whole.subarray(0, length);
    writeFileSync(file, cut);
    const found = new Ledger(folder);
    const lines = cut.toString('latin1').split('\n');
    const tail = lines.pop()!;
    // The last line is complete without its line break, too.
    const complete = lines.length + (tail.endsWith('"duration_ms":null}') ? 1 : 0);
    assert.deepEqual(numbers(found), [2, 1].slice(2 - complete), `cut at ${length}`);
    assert.equal(found.torn, tail === '' || complete > lines.length ? 0 : 1);
    found.write(entryOf(9));
    found.close();
    const after = new Ledger(folder);
    assert.deepEqual(numbers(after), [9, ...[2, 1].slice(2 - complete)]);
    assert.equal(after.torn, 0);
    after.close();
  }
});

test('lines that are no entries, whatever they are, are left out and counted', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.json(), fc.string(), fc.constantFrom('\0\0\0\0', 'null', '7', '{"epoch":"1"}', '[]')), {
        maxLength: 5,
      }),
      (lines) => {
        const folder = folderFor(t);
        const garbage = lines.map((line) => line.replaceAll('\n', ' ')).filter((line) => line !== '');
        const text = [...garbage, JSON.stringify(entryOf(4)), ...garbage].join('\n');
        writeFileSync(join(folder, 'ledger.jsonl'), text);
        const ledger = new Ledger(folder);
        assert.deepEqual(numbers(ledger), [4]);
        assert.equal(ledger.torn, 2 * garbage.length);
        ledger.close();
      },
    ),
    { numRuns: 50 },
  );
});

test('the file is cut back at a start, and shows one line an entry', (t) => {
  const folder = folderFor(t);
  const file = join(folder, 'ledger.jsonl');
  const ledger = new Ledger(folder);
  const entry = entryOf(1, 'pending');
  for (let i = 0; i < 100; i++) ledger.write(entry);
  entry.status = 'accepted';
  ledger.write(entry);
  ledger.close();
  new Ledger(folder).close();
  assert.equal(readFileSync(file, 'utf8'), `${JSON.stringify(entry)}\n`);
});

test('it holds ten thousand entries, besides the newest accepted one of each built-in scope', (t) => {
  const folder = folderFor(t);
  const old = [entryOf(1, 'accepted', 'files'), entryOf(2, 'accepted', 'noise'), entryOf(3, 'accepted', 'files')];
  const recent = Array.from({ length: 10_000 }, (_, i) => entryOf(i + 4, 'accepted', 'noise'));
  writeFileSync(join(folder, 'ledger.jsonl'), [...old, ...recent].map((entry) => JSON.stringify(entry)).join('\n'));
  const ledger = new Ledger(folder);
  const kept = numbers(ledger);
  assert.equal(kept.length, 10_001);
  assert.deepEqual(kept.slice(-2), [4, 3]);
  assert.equal(ledger.acceptedByScope().get('files')?.epoch, 3);
  ledger.close();
});

test('the newest accepted entry of all is kept too, however many were rejected since', (t) => {
  const folder = folderFor(t);
  const rejected = Array.from({ length: 10_001 }, (_, i) => entryOf(i + 2, 'rejected'));
  const lines = [entryOf(1, 'accepted', 'noise'), ...rejected].map((entry) => JSON.stringify(entry));
  writeFileSync(join(folder, 'ledger.jsonl'), lines.join('\n'));
  const ledger = new Ledger(folder);
  assert.equal(ledger.lastAccepted?.epoch, 1);
  ledger.close();
});

test('without a state directory it answers alike, and ends with the process', async () => {
  const ledger = new Ledger(null);
  assert.deepEqual(
    [ledger.last, ledger.lastAccepted, ledger.lastRejected, ledger.page(10)],
    [undefined, undefined, undefined, []],
  );
  await ledger.write(entryOf(1));
  await ledger.write(entryOf(2, 'rejected', 'files'));
  assert.deepEqual([ledger.last?.epoch, ledger.lastAccepted?.epoch, ledger.lastRejected?.epoch], [2, 1, 2]);
  assert.deepEqual([...ledger.acceptedByScope().keys()], ['global']);
  ledger.close();
  assert.deepEqual(numbers(ledger), [2, 1]);
  assert.deepEqual(numbers(new Ledger(null)), []);
});

test('the newest accepted number of each scope is found, whatever was rejected after it', () => {
  const ledger = new Ledger(null);
  const all = [entryOf(1), entryOf(2, 'accepted', 'tsa'), entryOf(3), entryOf(4, 'rejected'), entryOf(5, 'pending')];
  for (const entry of all) void ledger.write(entry);
  assert.deepEqual(
    [...ledger.acceptedByScope()].map(([scope, { epoch }]) => [scope, epoch]),
    [
      ['global', 3],
      ['tsa', 2],
    ],
  );
});

test('memory and file stay bounded however many numbers are given out without a restart', async (t) => {
  const folder = folderFor(t);
  const ledger = new Ledger(folder);
  let written = Promise.resolve();
  for (let epoch = 1; epoch <= 60_000; epoch++) written = ledger.write(entryOf(epoch, 'accepted', 'noise'));
  await written;
  assert.ok(numbers(ledger).length <= 50_000);
  ledger.close();
  assert.ok(readFileSync(join(folder, 'ledger.jsonl'), 'utf8').split('\n').length <= 50_000);
  assert.equal(new Ledger(folder).last?.epoch, 60_000);
});

test('pages go from the newest to the oldest, and each begins below the one before', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.integer({ min: 1, max: 20 }), (count, limit) => {
      const ledger = new Ledger(null);
      for (let i = 1; i <= count; i++) ledger.write(entryOf(2 * i));
      const seen: number[] = [];
      for (let before = Number.POSITIVE_INFINITY; ; ) {
        const page = ledger.page(limit, before);
        if (page.length === 0) break;
        assert.ok(page.length <= limit);
        seen.push(...page.map(({ epoch }) => epoch));
        before = page.at(-1)!.epoch;
      }
      assert.deepEqual(
        seen,
        Array.from({ length: count }, (_, i) => 2 * (count - i)),
      );
      assert.equal(ledger.find(3), undefined);
      if (count > 0) assert.equal(ledger.find(2 * count)?.epoch, 2 * count);
    }),
  );
});

test('writes that come together share their way to the disk, and are told in order', async (t) => {
  const ledger = new Ledger(folderFor(t));
  const told: number[] = [];
  const writes = Array.from({ length: 100 }, (_, i) => ledger.write(entryOf(i + 1)).then(() => told.push(i)));
  await Promise.all(writes);
  assert.deepEqual(
    told,
    Array.from({ length: 100 }, (_, i) => i),
  );
  ledger.close();
});

test('closing waits for no one and leaves nobody waiting', async (t) => {
  const folder = folderFor(t);
  const ledger = new Ledger(folder);
  const writes = [1, 2, 3].map((epoch) => ledger.write(entryOf(epoch)));
  ledger.close();
  await Promise.all(writes);
  await ledger.write(entryOf(4));
  assert.equal(ledger.last?.epoch, 4, 'memory goes on');
  for (let epoch = 5; epoch <= 60_000; epoch++) void ledger.write(entryOf(epoch));
  assert.deepEqual(numbers(new Ledger(folder)), [3, 2, 1]);
});

test('a full disk is told, costs nobody an answer, and tears no entry that is written later', async (t) => {
  const folder = folderFor(t);
  const file = join(folder, 'ledger.jsonl');
  const problems: string[] = [];
  const ledger = new Ledger(folder, (error) => problems.push(error.message));
  await ledger.write(entryOf(1));
  const inside = ledger as unknown as { fd: number };
  const { fd } = inside;
  // Every write to it fails, as on a full disk; half a line got through.
  inside.fd = openSync('/dev/full', 'a');
  await ledger.write(entryOf(2));
  assert.match(problems[0]!, /ENOSPC/);
  writeFileSync(file, '{"epoch":2,"sco', { flag: 'a' });
  inside.fd = fd;
  await ledger.write(entryOf(3));
  ledger.close();
  assert.deepEqual(numbers(new Ledger(folder)), [3, 1]);
});

test('a ledger that cannot be read or written is an unusable state directory', (t) => {
  const folder = folderFor(t);
  mkdirSync(join(folder, 'ledger.jsonl'));
  assert.throws(() => new Ledger(folder), { code: 'STATE_DIR_UNUSABLE', message: /ledger\.jsonl: / });
  assert.throws(() => new Ledger(join(folder, 'gone')), { code: 'STATE_DIR_UNUSABLE' });
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(() => new Ledger(file), { code: 'STATE_DIR_UNUSABLE' });
});
