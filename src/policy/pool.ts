/** The contexts of one generation: taken for a call, given back after it, made anew as they are needed. */

export class ContextPool<C extends { readonly usable: boolean }> {
  private readonly build: () => Promise<C>;
  private readonly max: number;
  private readonly free: C[] = [];
  private readonly waiting: { resolve: (context: C) => void; reject: (error: unknown) => void }[] = [];
  private count = 0;

  /** At most `max` contexts at a time; who wants one more than that waits. */
  constructor(build: () => Promise<C>, max: number) {
    this.build = build;
    this.max = max;
  }

  /** A free context, or the promise of one; it rejects when the context that was to be made cannot be made. */
  acquire(): C | Promise<C> {
    const context = this.free.pop();
    if (context !== undefined) return context;
    if (this.count < this.max) return this.make();
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** Takes a context back; one that is not usable any more is dropped. */
  release(context: C): void {
    if (!context.usable) {
      this.count--;
      this.makeForNext();
      return;
    }
    const next = this.waiting.shift();
    if (next === undefined) this.free.push(context);
    else next.resolve(context);
  }

  private async make(): Promise<C> {
    this.count++;
    try {
      return await this.build();
    } catch (thrown) {
      this.count--;
      this.makeForNext();
      throw thrown;
    }
  }

  /** Whenever a place becomes free without a context to hand on, who waits longest gets a new one. */
  private makeForNext(): void {
    const next = this.waiting.shift();
    if (next !== undefined) this.make().then(next.resolve, next.reject);
  }
}
