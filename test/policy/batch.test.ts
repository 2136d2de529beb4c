import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Batch, ProvenanceTable } from '../../src/policy/batch.ts';
import type { FromWorker, Results } from '../../src/policy/protocol.ts';
import type { Provenance } from '../../src/policy/record.ts';

const provenance = (event: string): Provenance => ({ event, handler: null, files: [], memoize: [] });
const none = (event: string) => ({ status: 'none', provenance: provenance(event), forConnection: false }) as const;

type Sent = Extract<FromWorker, { type: 'results' }>;

suite('batch', () => {
  test('an equal provenance travels once, a new one with the results that need it', () => {
    const sent: Sent[] = [];
    const table = new ProvenanceTable();
    const batch = new Batch(table, (message) => sent.push(message as Sent));
    batch.answered(1, none('a'), 1);
    batch.answered(2, none('b'), 1);
    batch.answered(3, none('a'), 1);
    batch.send();
    batch.answered(4, none('b'), 1);
    batch.send();
    batch.send();
    assert.deepEqual(
      sent.map((message) => [message.results.provenances, message.newProvenances.map(({ event }) => event)]),
      [
        [
          [0, 1, 0],
          ['a', 'b'],
        ],
        [[1], []],
      ],
    );
  });

  test('a table that has grown too large is begun anew, on both sides at once', () => {
    const sent: Sent[] = [];
    const batch = new Batch(new ProvenanceTable(2), (message) => sent.push(message as Sent));
    const host: Provenance[] = [];
    for (let i = 0; i < 20; i++) {
      const event = `e${i % 7}`;
      batch.answered(i, none(event), 1);
      batch.send();
      const { results, newProvenances, forgetProvenances } = sent.at(-1)!;
      if (forgetProvenances) host.length = 0;
      host.push(...newProvenances);
      assert.equal(host[results.provenances[0]!]!.event, event);
      assert.ok(host.length <= 3);
    }
  });

  test('an answer that cannot be written leaves the columns in step', () => {
    const sent: Sent[] = [];
    const batch = new Batch(new ProvenanceTable(), (message) => sent.push(message as Sent));
    const answer = { ...none('a'), status: 'value', value: { value: { n: 1n } } } as never;
    assert.throws(() => batch.answered(1, answer, 1), TypeError);
    batch.failed(1, { code: 'INTERNAL', message: 'x' }, 1);
    batch.send();
    for (const column of Object.values(sent[0]!.results)) assert.equal((column as unknown[]).length, 1);
  });

  test('details that do not cross threads are left out, and the error arrives', () => {
    const sent: Results[] = [];
    const batch = new Batch(new ProvenanceTable(), (message) => sent.push(structuredClone(message as Sent).results));
    batch.failed(1, { code: 'INTERNAL', message: 'x', details: { f: () => 1 } }, 2, 1);
    batch.send();
    assert.deepEqual(sent[0]!.errors, [{ code: 'INTERNAL', message: 'x', details: undefined }]);
    assert.deepEqual([sent[0]!.durationsUs, sent[0]!.busyUs], [[2000], [1000]]);
  });
});
