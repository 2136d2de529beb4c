/** Bumping the epoch, and what became of each. */
import { Type } from '@sinclair/typebox';
import type { EpochEntry } from '../../epoch/entry.ts';
import { SCOPE_PATTERN } from '../../epoch/scopes.ts';
import { ConfigError } from '../../errors.ts';
import { parseDuration } from '../../objects/index.ts';
import { errorReply, json, parseBody, type Reply, type Request, type Route } from '../http.ts';
import { compileCheck } from '../validate.ts';
import type { AdminParts } from './parts.ts';

const BumpBody = Type.Object(
  {
    reason: Type.Optional(Type.String({ maxLength: 1024, description: 'Why; goes into the ledger.' })),
    scope: Type.Optional(
      Type.String({ pattern: SCOPE_PATTERN, description: 'What the bump is about; global when left out.' }),
    ),
  },
  { additionalProperties: false },
);
const checkBump = compileCheck(BumpBody);

const MAX_WAIT_MS = 60_000;
const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

export function epochRoutes({ epochs, ledger, live }: AdminParts): Route[] {
  const bump = async (request: Request): Promise<Reply> => {
    // KumoMTA's own client sends the text null.
    const { reason, scope = 'global' } = checkBump(parseBody(request.body) ?? {});
    const waitMs = durationQuery(request, 'wait');
    const { entry, previous, recorded, settled } = epochs.bump({ scope, reason, cause: 'api', actor: request.peer });
    // A number that somebody knows must not be given out again after a power cut.
    await recorded;
    if (waitMs > 0) await orAfter(settled, Math.min(waitMs, MAX_WAIT_MS));
    if (entry.status === 'rejected' && waitMs > 0) {
      const [error] = entry.errors;
      return errorReply(
        new ConfigError('EPOCH_REJECTED', `epoch ${entry.epoch} was rejected: ${error?.message ?? ''}`, {
          place: { file: error?.file, line: error?.line },
          details: { epoch: entry.epoch, previous, scope, status: entry.status, errors: shownErrors(entry) },
        }),
      );
    }
    const { epoch, status, dependents } = entry;
    return json({ epoch, previous, scope, status, dependents });
  };

  return [
    {
      method: 'POST',
      path: '/api/admin/bump-configuration',
      summary: 'Bumps the configuration epoch.',
      body: BumpBody,
      handle: bump,
    },
    {
      method: 'POST',
      path: '/api/admin/bump-config-epoch',
      summary: "Bumps the configuration epoch, under KumoMTA's name.",
      body: BumpBody,
      handle: bump,
    },
    {
      method: 'GET',
      path: '/api/config/v1/epoch',
      summary: 'The current epoch.',
      handle() {
        const { current, entry, lastRejected } = epochs;
        return json({
          epoch: current,
          scopes: Object.fromEntries(epochs.scopes),
          hash: entry?.hash ?? null,
          cause: entry?.cause ?? null,
          reason: entry?.reason ?? null,
          actor: entry?.actor ?? null,
          started_at: entry?.started_at ?? null,
          status: entry?.status ?? null,
          last_rejected: lastRejected === undefined ? null : rejection(lastRejected),
          objects: live.census.total(),
        });
      },
    },
    {
      method: 'GET',
      path: '/api/config/v1/epochs',
      summary: 'The ledger of epochs, newest first.',
      handle(request) {
        const limit = numberQuery(request, 'limit', DEFAULT_PAGE, MAX_PAGE);
        const before = numberQuery(request, 'before', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
        const page = ledger.page(limit + 1, before);
        const next = page.length > limit ? page[limit - 1]!.epoch : null;
        return json({ epochs: page.slice(0, limit).map(shown), next });
      },
    },
    {
      method: 'GET',
      path: '/api/config/v1/epochs/:epoch',
      summary: 'One entry of the ledger.',
      handle(request) {
        const [text = ''] = request.params;
        const entry = /^\d+$/.test(text) ? ledger.find(Number(text)) : undefined;
        if (entry === undefined) throw new ConfigError('NOT_FOUND', `there is no epoch ${text}`);
        return json(shown(entry));
      },
    },
  ];
}

function rejection(entry: EpochEntry): unknown {
  return {
    epoch: entry.epoch,
    at: entry.started_at,
    cause: entry.cause,
    errors: entry.errors.map(({ file, line, message }) => ({ file: file ?? null, line: line ?? null, message })),
  };
}

/** An entry without tracebacks: they are in the log. */
function shown(entry: EpochEntry): unknown {
  return { ...entry, errors: shownErrors(entry) };
}

function shownErrors(entry: EpochEntry): unknown[] {
  return entry.errors.map(({ details: _, ...error }) => error);
}

/** Resolves when `promise` does, or after `ms`. */
function orAfter(promise: Promise<unknown>, ms: number): Promise<unknown> {
  let timer: NodeJS.Timeout;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function durationQuery(request: Request, key: string): number {
  const text = request.query.get(key);
  if (text === null) return 0;
  try {
    return parseDuration(text);
  } catch (thrown) {
    throw new ConfigError('INVALID_REQUEST', `${key}: ${(thrown as Error).message}`, { place: { field: key } });
  }
}

export function numberQuery(request: Request, key: string, otherwise: number, max: number): number {
  const text = request.query.get(key);
  if (text === null) return otherwise;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > max) {
    throw new ConfigError('INVALID_REQUEST', `${key}: a whole number from 1 to ${max} expected`, {
      place: { field: key },
    });
  }
  return number;
}
