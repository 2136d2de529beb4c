/** What a handler call used: the one record behind provenance and, later, selective invalidation. */

/** Where a value came from, in the form that the API shows. Paths below the policy's folder are relative to it. */
export interface Provenance {
  event: string;
  /** `FILE:LINE` of the handler that returned the value; null when no handler did. */
  handler: string | null;
  /** Data files that the policy read: while it was loaded, and during the call. */
  files: string[];
  /** Names of the memoize caches that were used. */
  memoize: string[];
}

/** What the running call has used so far. Most calls use nothing, and then this costs nothing. */
export class CallRecord {
  private files: Set<string> | undefined;
  private caches: Set<string> | undefined;
  /** The call looked at the connection's metadata. */
  connection = false;

  /** True when nothing was used. */
  get empty(): boolean {
    return this.files === undefined && this.caches === undefined;
  }

  reset(): void {
    this.files = undefined;
    this.caches = undefined;
    this.connection = false;
  }

  file(path: string): void {
    this.files ??= new Set();
    this.files.add(path);
  }

  memoize(cache: string): void {
    this.caches ??= new Set();
    this.caches.add(cache);
  }

  filesRead(): Iterable<string> {
    return this.files ?? [];
  }

  cachesUsed(): string[] {
    return [...(this.caches ?? [])].sort();
  }
}
