import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { type EventEmitter, once } from 'node:events';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StateDir } from '../../src/epoch/state_dir.ts';
import { folderFor } from './folder.ts';

const HOLDER = `
  import { StateDir } from ${JSON.stringify(new URL('../../src/epoch/state_dir.ts', import.meta.url).href)};
  await StateDir.open(process.argv[1]);
  console.log('held');
  setInterval(() => undefined, 1e6);
`;

test('a missing directory is made with the folders above it, for its owner alone', async (t) => {
  const path = join(folderFor(t), 'a/b');
  const dir = await StateDir.open(path);
  t.after(() => dir.close());
  for (const made of [path, join(path, '..')]) assert.equal(statSync(made).mode & 0o777, 0o700);
});

test('one daemon holds it at a time, by whatever path, until it closes it', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'state');
  const dir = await StateDir.open(path);
  await assert.rejects(StateDir.open(path), { code: 'STATE_DIR_LOCKED' });
  symlinkSync(path, join(folder, 'link'));
  await assert.rejects(StateDir.open(join(folder, 'link')), { code: 'STATE_DIR_LOCKED' });
  dir.close();
  const again = await StateDir.open(path);
  again.close();
});

test('another process is kept out, and a killed one leaves no lock', async (t) => {
  const path = join(folderFor(t), 'state');
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', HOLDER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  await assert.rejects(StateDir.open(path), { code: 'STATE_DIR_LOCKED', message: /another daemon uses it/ });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const dir = await StateDir.open(path);
  dir.close();
});

test('trouble with taking connections on the lock ends no daemon', async (t) => {
  const dir = await StateDir.open(join(folderFor(t), 'state'));
  t.after(() => dir.close());
  const { lock } = dir as unknown as { lock: EventEmitter };
  for (let i = 0; i < 2; i++) assert.doesNotThrow(() => lock.emit('error', new Error('accept EMFILE')));
});

test('two directories do not know each other', async (t) => {
  const folder = folderFor(t);
  const dirs = [await StateDir.open(join(folder, 'a')), await StateDir.open(join(folder, 'b'))];
  for (const dir of dirs) dir.close();
});

test('a directory that cannot be made or written is unusable', async (t) => {
  const file = join(folderFor(t), 'file');
  writeFileSync(file, '', { mode: 0o755 });
  for (const path of [file, join(file, 'below'), '/proc/self/state']) {
    await assert.rejects(StateDir.open(path), { code: 'STATE_DIR_UNUSABLE' }, path);
  }
});
