import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../build/targets.ts';
import { temporaryFolder } from '../support/program.ts';

const unit = readFileSync(`${ROOT}build/package/kumo-configd.service`, 'utf8');
const has = (line: string) => assert.ok(unit.split('\n').includes(line), line);

test('the unit starts what is installed, and reloads by polling', () => {
  has('ExecStart=/opt/kumomta/sbin/kumo-configd --policy /opt/kumomta/etc/policy/init.lua');
  has('ExecReload=/bin/kill -HUP $MAINPID');
  has('NotifyAccess=all');
  has('StateDirectory=kumo-configd');
});

test('the unit drops rights, and what Node would take from the environment', () => {
  has('User=kumod');
  has('NoNewPrivileges=yes');
  has('ProtectSystem=strict');
  has('CapabilityBoundingSet=CAP_NET_BIND_SERVICE');
  assert.match(unit, /^UnsetEnvironment=.*\bNODE_OPTIONS\b.*\bNODE_EXTRA_CA_CERTS\b/m);
});

test('the unit lets V8 write the code that it runs', () => {
  assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=|^NoExecPaths=/m);
});

const noAnalyzer =
  spawnSync('systemd-analyze', ['--version']).status === 0 ? false : 'systemd-analyze is not installed';
test('systemd finds nothing wrong with the unit', { skip: noAnalyzer }, (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'kumo-configd.service');
  // The program need not be installed on the machine that tests; something that is there stands in for it.
  writeFileSync(file, unit.replace('/opt/kumomta/sbin/kumo-configd', process.execPath));
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  assert.deepEqual({ status, said: stdout + stderr }, { status: 0, said: '' });
});
