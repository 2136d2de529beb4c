/** What `pre_init` and `init` defined. Fixed until the daemon restarts. */
import type { ErrorPlace } from '../errors.ts';
import type { DefinitionKind } from '../kumo/host.ts';
import { esmtpListener, httpListener, type ObjectType, redact } from '../objects/index.ts';

export interface Definition {
  value: Record<string, unknown>;
  place: ErrorPlace;
}

/** Object types whose values may hold secrets. */
const TYPES: Partial<Record<DefinitionKind, ObjectType>> = {
  esmtp_listener: esmtpListener,
  http_listener: httpListener,
};

export class Definitions {
  private readonly byKind = new Map<DefinitionKind, Definition[]>();
  globs: string[] | undefined;

  add(kind: DefinitionKind, value: unknown, place: ErrorPlace): void {
    const definition = { value: value as Record<string, unknown>, place };
    this.byKind.set(kind, [...this.of(kind), definition]);
  }

  of(kind: DefinitionKind): Definition[] {
    return this.byKind.get(kind) ?? [];
  }

  /** As GET /api/config/v1/init shows it: without secrets, each definition with the line that made it. */
  report(globs: readonly string[]): Record<string, unknown> {
    const shown = (kind: DefinitionKind): unknown[] =>
      this.of(kind).map(({ value, place }) => {
        const type = TYPES[kind];
        return { ...(type === undefined ? value : redact(type, value)), defined_at: at(place) };
      });
    return {
      listeners: { esmtp: shown('esmtp_listener'), http: shown('http_listener') },
      spools: shown('spool'),
      logs: shown('local_logs'),
      hooks: [...shown('log_hook'), ...shown('log_disposition_hook')],
      globs,
      limits: shown('limit'),
    };
  }
}

function at({ file, line }: ErrorPlace): string | null {
  return file === undefined ? null : line === undefined ? file : `${file}:${line}`;
}
