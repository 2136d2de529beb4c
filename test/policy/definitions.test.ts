import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { esmtpListener } from '../../src/objects/index.ts';
import { Definitions } from '../../src/policy/definitions.ts';

suite('definitions', () => {
  test('they are told by kind, in order, each with the line that made it', () => {
    const definitions = new Definitions();
    definitions.add('spool', { name: 'data' }, { file: 'init.lua', line: 3 });
    definitions.add('spool', { name: 'meta' }, {});
    const report = definitions.report(['/g']);
    assert.deepEqual(report.spools, [
      { name: 'data', defined_at: 'init.lua:3' },
      { name: 'meta', defined_at: null },
    ]);
    assert.deepEqual([report.globs, report.logs], [['/g'], []]);
  });

  test('no secret of a listener is told', () => {
    const definitions = new Definitions();
    const value = esmtpListener.read({ listen: '127.0.0.1:25', tls_private_key: { key_data: 'hush' } });
    definitions.add('esmtp_listener', value, {});
    assert.doesNotMatch(JSON.stringify(definitions.report([])), /hush/);
    assert.match(JSON.stringify(value), /hush/);
  });
});
