/** Results of calls on their way to the host: collected in columns, sent in one message. */
import type { ErrorReport } from '../errors.ts';
import type { Answer } from './context.ts';
import { type FromWorker, type Results, Status } from './protocol.ts';
import type { Provenance } from './record.ts';

/** More different provenances than this are not kept apart for good: handlers that read a file per name make many. */
const MAX_PROVENANCES = 10_000;

/** The table of provenances that worker and host build up together, so that a result carries a number alone. */
export class ProvenanceTable {
  private readonly max: number;
  private readonly byText = new Map<string, number>();
  private byObject = new WeakMap<Provenance, number>();
  private fresh: Provenance[] = [];
  private forget = false;

  constructor(max = MAX_PROVENANCES) {
    this.max = max;
  }

  numberOf(provenance: Provenance): number {
    let number = this.byObject.get(provenance);
    if (number !== undefined) return number;
    const text = JSON.stringify(provenance);
    number = this.byText.get(text);
    if (number === undefined) {
      number = this.byText.size;
      this.byText.set(text, number);
      this.fresh.push(provenance);
    }
    this.byObject.set(provenance, number);
    return number;
  }

  /** What the host has to learn with the results that are sent now: it forgets the old table first if it is told so. */
  take(): { newProvenances: Provenance[]; forgetProvenances: boolean } {
    const taken = { newProvenances: this.fresh, forgetProvenances: this.forget };
    this.fresh = [];
    // No result that is still unsent points into the table: a batch is filled and sent within one turn.
    this.forget = this.byText.size > this.max;
    if (this.forget) {
      this.byText.clear();
      this.byObject = new WeakMap();
    }
    return taken;
  }
}

export class Batch {
  private readonly provenances: ProvenanceTable;
  private readonly post: (message: FromWorker) => void;
  private results: Results = newResults();

  constructor(provenances: ProvenanceTable, post: (message: FromWorker) => void) {
    this.provenances = provenances;
    this.post = post;
  }

  /** `tookMs` is the whole time of the call, `busyMs` the part of it in which the thread was at it. */
  answered(seq: number, answer: Answer, tookMs: number, busyMs = tookMs): void {
    // First, since it may fail: the columns must stay in step.
    const value = answer.status === 'value' ? JSON.stringify(answer.value.value) : null;
    const { results } = this;
    results.seqs.push(seq);
    results.statuses.push(
      answer.status === 'value' ? Status.VALUE : answer.status === 'nil' ? Status.NIL : Status.NONE,
    );
    results.values.push(value);
    results.errors.push(null);
    results.provenances.push(this.provenances.numberOf(answer.provenance));
    results.forConnection.push(answer.forConnection ? 1 : 0);
    results.durationsUs.push(Math.round(tookMs * 1000));
    results.busyUs.push(Math.round(busyMs * 1000));
  }

  failed(seq: number, error: ErrorReport, tookMs: number, busyMs = tookMs): void {
    const { results } = this;
    results.seqs.push(seq);
    results.statuses.push(Status.ERROR);
    results.values.push(null);
    results.errors.push(error);
    results.provenances.push(-1);
    results.forConnection.push(0);
    results.durationsUs.push(Math.round(tookMs * 1000));
    results.busyUs.push(Math.round(busyMs * 1000));
  }

  send(): void {
    const { results } = this;
    if (results.seqs.length === 0) return;
    this.results = newResults();
    const provenances = this.provenances.take();
    try {
      this.post({ type: 'results', results, ...provenances });
    } catch {
      // Only an error's details can be of a kind that does not cross threads; the host still has to hear the rest.
      const errors = results.errors.map((error) => error && { ...error, details: undefined });
      this.post({ type: 'results', results: { ...results, errors }, ...provenances });
    }
  }
}

function newResults(): Results {
  return {
    seqs: [],
    statuses: [],
    values: [],
    errors: [],
    provenances: [],
    durationsUs: [],
    busyUs: [],
    forConnection: [],
  };
}
