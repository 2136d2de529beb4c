/** Live objects: asked for, looked at, listed. */
import { type TSchema, Type } from '@sinclair/typebox';
import { ConfigError, toConfigError } from '../../errors.ts';
import { KIND_NAMES, type KindName, kindNamed, REQUESTS, type ResolveRequest } from '../../kinds/index.ts';
import { type LiveObject, STATES, type State } from '../../live/object.ts';
import { errorBody, jsonText, parseBody, type Reply, type Route } from '../http.ts';
import { type Check, compileCheck } from '../validate.ts';
import { numberQuery } from './epochs.ts';
import type { AdminParts } from './parts.ts';

const MAX_REQUESTS = 10_000;
const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;
/** Objects that one page looks at while it filters; a page may so come back short, with a cursor to go on from. */
const MAX_LOOKED_AT = 20_000;

/** The ways to name an object of a kind, with the kind in front. */
function withKind(kind: KindName): TSchema[] {
  return REQUESTS[kind].map((shape) =>
    Type.Object({ kind: Type.Literal(kind), ...shape.properties }, { additionalProperties: false }),
  );
}

const ResolveOne = Type.Union(KIND_NAMES.flatMap(withKind));
const ResolveBody = Type.Union([
  ResolveOne,
  Type.Object({ requests: Type.Array(ResolveOne, { maxItems: MAX_REQUESTS }) }, { additionalProperties: false }),
]);

const CHECKS = Object.fromEntries(KIND_NAMES.map((kind) => [kind, withKind(kind).map(compileCheck)])) as Record<
  KindName,
  Check<TSchema>[]
>;

/** One request, checked against the shapes of its kind. Throws UNKNOWN_KIND or INVALID_REQUEST. */
function checkRequest(input: unknown): ResolveRequest {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new ConfigError('INVALID_REQUEST', 'an object expected');
  }
  const { kind } = input as { kind?: unknown };
  if (typeof kind !== 'string') throw new ConfigError('INVALID_REQUEST', 'kind: a string expected');
  const checks = CHECKS[kindNamed(kind)];
  // The shapes with a name come first; without one the last shape is what was meant.
  const check = 'name' in input ? checks[0]! : checks.at(-1)!;
  return check(input) as ResolveRequest;
}

export function objectRoutes({ engine, live }: AdminParts): Route[] {
  const one = (input: unknown): Reply | Promise<Reply> => {
    const object = engine.resolve(checkRequest(input));
    if (object instanceof Promise) return object.then((made) => jsonText(live.text(made)));
    return jsonText(live.text(object));
  };

  const resolveText = (input: unknown): string | Promise<string> => {
    try {
      const object = engine.resolve(checkRequest(input));
      if (!(object instanceof Promise)) return live.text(object);
      return object.then((made) => live.text(made), failureText);
    } catch (thrown) {
      return failureText(thrown);
    }
  };

  const many = async (inputs: unknown): Promise<Reply> => {
    if (!Array.isArray(inputs)) throw new ConfigError('INVALID_REQUEST', 'requests: an array expected');
    if (inputs.length > MAX_REQUESTS) {
      throw new ConfigError('INVALID_REQUEST', `requests: at most ${MAX_REQUESTS} at a time`);
    }
    const texts = inputs.map(resolveText);
    const settled = texts.some((text) => text instanceof Promise) ? await Promise.all(texts) : texts;
    return jsonText(`{"results":[${settled.join(',')}]}`);
  };

  return [
    {
      method: 'POST',
      path: '/api/config/v1/resolve',
      summary: 'The effective object, made live if it is not; or many, in order.',
      body: ResolveBody,
      handle(request) {
        const input = parseBody(request.body);
        if (typeof input === 'object' && input !== null && 'requests' in input) {
          const { requests, ...others } = input;
          const [unknown] = Object.keys(others);
          if (unknown !== undefined) throw new ConfigError('INVALID_REQUEST', `${unknown}: unknown field`);
          return many(requests);
        }
        return one(input);
      },
    },
    {
      method: 'GET',
      path: '/api/config/v1/objects',
      summary: 'Live objects, in the order in which they were made.',
      handle(request) {
        const { query } = request;
        const limit = numberQuery(request, 'limit', DEFAULT_PAGE, MAX_PAGE);
        const page = new Page(live, query.get('kind'), query.get('state'), query.get('prefix') ?? '');
        return jsonText(page.from(query.get('cursor'), limit));
      },
    },
    {
      method: 'GET',
      path: '/api/config/v1/objects/:kind/:name',
      summary: 'One live object; looking at it is no use of it.',
      handle(request) {
        const [kind, name] = request.params as [string, string];
        const object = live.peek(kindNamed(kind), name);
        if (object === undefined) throw new ConfigError('NOT_LIVE', `${kind} '${name}' is not live`);
        return jsonText(live.text(object));
      },
    },
  ];
}

function failureText(thrown: unknown): string {
  return JSON.stringify({ error: errorBody(toConfigError(thrown)) });
}

class Page {
  private readonly live: AdminParts['live'];
  private readonly kinds: readonly KindName[];
  private readonly state: State | null;
  private readonly prefix: string;

  constructor(live: AdminParts['live'], kind: string | null, state: string | null, prefix: string) {
    this.live = live;
    this.kinds = kind === null ? KIND_NAMES : [kindNamed(kind)];
    if (state !== null && !(STATES as readonly string[]).includes(state)) {
      throw new ConfigError('INVALID_REQUEST', `state: one of ${STATES.join(', ')} expected`);
    }
    this.state = state as State | null;
    this.prefix = prefix;
  }

  /** JSON text of the page after `cursor`, which is `KIND:NUMBER` of the last object seen. */
  from(cursor: string | null, limit: number): string {
    let { kind, seq } = this.place(cursor);
    const texts: string[] = [];
    let looked = 0;
    for (; kind < this.kinds.length; kind++, seq = 0) {
      for (const object of this.live.stores[this.kinds[kind]!].after(seq)) {
        if (texts.length === limit || looked++ === MAX_LOOKED_AT) {
          return page(texts, `${this.kinds[kind]}:${seq}`);
        }
        seq = object.seq;
        if (this.matches(object)) texts.push(this.live.text(object));
      }
    }
    return page(texts, null);
  }

  private place(cursor: string | null): { kind: number; seq: number } {
    if (cursor === null) return { kind: 0, seq: 0 };
    const [, name, seq] = /^([a-z_]+):(\d+)$/.exec(cursor) ?? [];
    const kind = this.kinds.indexOf(name as KindName);
    if (kind === -1) {
      throw new ConfigError('INVALID_REQUEST', 'cursor: the value of `next` in an earlier answer expected');
    }
    return { kind, seq: Number(seq) };
  }

  private matches(object: LiveObject): boolean {
    return object.name.startsWith(this.prefix) && (this.state === null || this.live.stateOf(object) === this.state);
  }
}

function page(texts: string[], next: string | null): string {
  return `{"objects":[${texts.join(',')}],"next":${JSON.stringify(next)}}`;
}
