/**
 * Values of live objects, kept once however many objects share them: a million queues mostly have a few hundred
 * different configurations. Equal values are equal by reference.
 */
import type { Kind, KindName, Timing } from '../kinds/index.ts';
import { redact } from '../objects/index.ts';

export class Value {
  /** JSON text as the handler's worker made it. */
  readonly text: string;
  /** The same without secrets; this is what leaves the process. */
  readonly publicText: string;
  readonly timing: Timing;
  readonly uses: readonly { kind: KindName; name: string }[];
  /** Objects, and refreshes under way, that hold this value. */
  holders = 0;

  constructor(kind: Kind, text: string) {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    this.text = text;
    const shown = value === null ? value : redact(kind.type, value);
    this.publicText = shown === value ? text : JSON.stringify(shown);
    this.timing = kind.timing(value);
    this.uses = kind.uses(value);
  }
}

/** The values of one kind, by their text. */
export class Values {
  private readonly kind: Kind;
  private readonly byText = new Map<string, Value>();

  constructor(kind: Kind) {
    this.kind = kind;
  }

  get size(): number {
    return this.byText.size;
  }

  /** The value with this text; the caller holds it until it calls `release`. */
  hold(text: string): Value {
    let value = this.byText.get(text);
    if (value === undefined) {
      value = new Value(this.kind, text);
      this.byText.set(text, value);
    }
    value.holders++;
    return value;
  }

  release(value: Value): void {
    if (--value.holders === 0) this.byText.delete(value.text);
  }
}
