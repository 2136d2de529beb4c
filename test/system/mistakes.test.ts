/** What users get wrong in a policy: each mistake has its own message and exit status, and a daemon survives it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { run, TestDaemon, temporaryFolder, writeFiles } from '../support/program.ts';
import { until } from '../support/wait.ts';

interface Mistake {
  what: string;
  files: Record<string, string>;
  /** What `check` prints first on stderr. */
  says: RegExp;
  /** Whether the policy does not even load, so that a daemon rejects the epoch. */
  rejects: boolean;
}

const queue = (body: string): string => `local kumo = require 'kumo'
kumo.on('get_queue_config', function(domain, tenant)
  ${body}
end)
`;

const MISTAKES: Mistake[] = [
  {
    what: 'a syntax error',
    files: { 'init.lua': 'local kumo = require "kumo"\nkumo.on("init" function() end)\n' },
    says: /^\S*init\.lua:2: '\)' expected near 'function'$/m,
    rejects: true,
  },
  {
    what: 'a missing module',
    files: { 'init.lua': "local kumo = require 'kumo'\nrequire 'nowhere'\n" },
    says: /^\S*init\.lua:2: module 'nowhere' not found:/m,
    rejects: true,
  },
  {
    what: 'a missing data file',
    files: { 'init.lua': "local kumo = require 'kumo'\n\nkumo.toml_load '/nowhere/x.toml'\n" },
    says: /^\S*init\.lua:3: reading file \/nowhere\/x\.toml: No such file or directory \(os error 2\)$/m,
    rejects: true,
  },
  {
    what: 'a data file with a syntax error',
    files: {
      'init.lua': `local kumo = require 'kumo'\nkumo.json_load(package.path:match '([^;]*/)%?' .. 'x.json')\n`,
      'x.json': '{\n  "a": 1,\n  "b": }\n',
    },
    says: /^\S*x\.json:3: parsing \S*x\.json as json: /m,
    rejects: true,
  },
  {
    what: 'an unknown field',
    files: { 'init.lua': queue('return kumo.make_queue_config { retry_intervall = "5m" }') },
    says: /^\S*init\.lua:3: make_queue_config: .*unknown field `retry_intervall`.*did you mean `retry_interval`\?/m,
    rejects: false,
  },
  {
    what: 'a wrong type',
    files: { 'init.lua': queue('return kumo.make_queue_config { max_message_rate = 5 }') },
    says: /^\S*init\.lua:3: make_queue_config: .*max_message_rate: invalid type: integer `5`, expected /m,
    rejects: false,
  },
  {
    what: 'a handler that raises',
    files: { 'init.lua': queue('return tenant.name') },
    says: /^\S*init\.lua:3: attempt to index a nil value \(local 'tenant'\)$/m,
    rejects: false,
  },
  {
    what: 'a handler that returns no object',
    files: { 'init.lua': queue('return { retry_interval = "5m" }') },
    says: /^\S*init\.lua:2: error converting Lua table to QueueConfig$/m,
    rejects: false,
  },
  {
    what: 'a handler that returns nil',
    files: { 'init.lua': queue('return nil') },
    says: /^\S*init\.lua:2: error converting Lua nil to QueueConfig$/m,
    rejects: false,
  },
  {
    what: 'a single handler that returns nothing',
    files: {
      'init.lua': `local kumo = require 'kumo'
kumo.on('get_queue_config', function() return kumo.make_queue_config { egress_pool = 'p' } end)
kumo.on('get_egress_pool', function(name) end)
`,
    },
    says: /^\S*init\.lua:3: resolving egress pool 'p': Event get_egress_pool did not return a value$/m,
    rejects: false,
  },
  {
    what: 'a pool that is asked of nobody',
    files: { 'init.lua': queue("return kumo.make_queue_config { egress_pool = 'p' }") },
    says: /^resolving egress pool 'p': Event get_egress_pool has not been registered$/m,
    rejects: false,
  },
  {
    what: 'a second handler for a single event',
    files: {
      'init.lua': `local kumo = require 'kumo'
kumo.on('get_egress_pool', function() end)
kumo.on('get_egress_pool', function() end)
`,
    },
    says: /^\S*init\.lua:3: get_egress_pool event already has a handler defined at \S*init\.lua:2$/m,
    rejects: true,
  },
  {
    what: 'a function that kumo-configd does not have',
    files: { 'init.lua': "local kumo = require 'kumo'\nkumo.frobnicate {}\n" },
    says: /^\S*init\.lua:2: not available in kumo-configd: kumo\.frobnicate$/m,
    rejects: true,
  },
];

const GOOD = { 'init.lua': "local kumo = require 'kumo'\n" };

interface Epoch {
  epoch: number;
  last_rejected: { epoch: number; errors: { message: string }[] } | null;
}

for (const { what, files, says, rejects } of MISTAKES) {
  describe(what, () => {
    test('is named by check with its place, and check ends with status 1', async (t) => {
      const folder = temporaryFolder(t);
      writeFiles(folder, files);
      const { status, stderr, stdout } = await run(['check', '--policy', join(folder, 'init.lua')]);
      assert.match(stderr, says);
      assert.equal(status, 1);
      assert.equal(stdout, '');
    });

    test('does no harm to a running daemon', async (t) => {
      const daemon = await TestDaemon.start(t, GOOD);
      const good = await daemon.value('queue', 'example.com');
      daemon.edit(files);
      const epoch = async (): Promise<Epoch> => (await daemon.get<Epoch>('/api/config/v1/epoch')).body;
      await until('the verdict', async () => {
        const { epoch: current, last_rejected } = await epoch();
        return rejects ? last_rejected !== null : current > 1;
      });
      assert.deepEqual(await daemon.value('queue', 'example.com'), good);
      daemon.edit({ 'init.lua': `${GOOD['init.lua']}-- mended\n` });
      const before = 2;
      await until('the mended policy', async () => (await epoch()).epoch > before);
      assert.deepEqual(await daemon.value('queue', 'new.example'), good);
    });
  });
}

describe('check', () => {
  test('ends with status 0 for the shipped example', async () => {
    const policy = join(import.meta.dirname, '../../policy/init.lua');
    const { status, stdout, stderr } = await run(['check', '--policy', policy]);
    assert.equal(stderr, '');
    assert.match(stdout, /fine; checked the policy, init, .*queue example\.com/);
    assert.equal(status, 0);
  });

  test('says so when there is no policy', async () => {
    const { status, stderr } = await run(['check', '--policy', '/nowhere/init.lua']);
    assert.match(
      stderr,
      /^\/nowhere\/init\.lua: reading policy file "\/nowhere\/init\.lua": No such file or directory/,
    );
    assert.equal(status, 1);
  });

  test('is also reached as --validate, as in KumoMTA', async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(folder, { 'init.lua': 'error("no")' });
    const { status, stderr } = await run(['--validate', '--policy', join(folder, 'init.lua')]);
    assert.match(stderr, /init\.lua:1: no$/m);
    assert.equal(status, 1);
  });

  test('runs init in validation mode: nothing is bound, and parameters are checked', async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(folder, {
      'init.lua': `local kumo = require 'kumo'
kumo.on('init', function()
  assert(_VALIDATING_CONFIG)
  kumo.start_esmtp_listener { listen = '127.0.0.1:25', relay_host = {} }
end)
`,
    });
    const { status, stderr } = await run(['check', '--policy', join(folder, 'init.lua')]);
    assert.match(
      stderr,
      /init\.lua:4: start_esmtp_listener: .*unknown field `relay_host`.*did you mean `relay_hosts`\?/,
    );
    assert.equal(status, 1);
  });

  test('fails when a validate_config handler says so', async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(folder, {
      'init.lua': `local kumo = require 'kumo'
kumo.on('validate_config', function() print 'tenants.toml: no such pool' kumo.validation_failed() end)
`,
    });
    const { status, stdout, stderr } = await run(['check', '--policy', join(folder, 'init.lua')]);
    assert.match(stdout, /^tenants\.toml: no such pool$/m);
    assert.match(stderr, /Validation failed/);
    assert.equal(status, 1);
  });

  test('reports warnings, and treats them as --warnings says', async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(folder, {
      'init.lua': `local kumo = require 'kumo'
kumo.on('get_queue_config', function()
  return kumo.make_queue_config { retry_interval = '20m', max_retry_interval = '1m' }
end)
`,
    });
    const check = (warnings: string): ReturnType<typeof run> =>
      run(['check', '--policy', join(folder, 'init.lua'), '--warnings', warnings]);
    const warned = await check('warn');
    assert.match(warned.stderr, /max_retry_interval 1m is shorter than retry_interval 20m \(warning\)/);
    assert.equal(warned.status, 0);
    assert.equal((await check('error')).status, 1);
    const ignored = await check('ignore');
    assert.deepEqual([ignored.status, ignored.stderr], [0, '']);
  });

  test('never prints a secret', async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(folder, {
      'init.lua': `local kumo = require 'kumo'
kumo.on('init', function()
  kumo.start_http_listener { listen = '127.0.0.1:1', tls_private_key = { key_data = 'hunter2' }, oops = 1 }
end)
`,
    });
    const { stdout, stderr } = await run(['check', '--json', '--policy', join(folder, 'init.lua')]);
    assert.match(stderr, /unknown field `oops`/);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
  });
});
