/**
 * The metadata of an SMTP connection, as handlers see it. A handler that looks at it gives an answer for that
 * connection alone, so looking is recorded.
 */
import { ConfigError } from '../errors.ts';
import { type LuaState, lua } from '../lua/fengari.ts';
import { pushUserdata } from '../lua/userdata.ts';
import { pushPlain, toPlain } from '../lua/values.ts';
import { textArgument } from '../lua/vm.ts';
import type { Plain } from '../objects/plain.ts';

export class ConnectionMeta {
  private readonly meta: { [key: string]: Plain };
  private readonly onRead: () => void;

  constructor(meta: { [key: string]: Plain }, onRead: () => void) {
    this.meta = meta;
    this.onRead = onRead;
  }

  get(key: string): Plain {
    this.onRead();
    return Object.hasOwn(this.meta, key) ? this.meta[key] : undefined;
  }

  set(key: string, value: Plain): void {
    this.onRead();
    this.meta[key] = value;
  }

  /** KumoMTA's AuthInfo: who the connection authenticated as, and from where. */
  authInfo(): Plain {
    const identity = (key: string, context: string): Plain[] => {
      const value = this.get(key);
      return typeof value === 'string' && value !== '' ? [{ identity: value, context }] : [];
    };
    return {
      identities: [
        ...identity('authz_id', 'SmtpAuthPlainAuthorization'),
        ...identity('authn_id', 'SmtpAuthPlainAuthentication'),
      ],
      groups: [],
      peer_address: this.get('received_from'),
    };
  }
}

export function pushConnectionMeta(L: LuaState, meta: ConnectionMeta): void {
  pushUserdata(L, TYPE, meta);
}

function self(L: LuaState): ConnectionMeta {
  const meta = lua.lua_touserdata(L, 1);
  if (meta instanceof ConnectionMeta) return meta;
  throw new ConfigError('POLICY_FAILED', 'connection metadata expected: call its methods with a colon');
}

const METHODS = {
  get_meta(L: LuaState): number {
    pushPlain(L, self(L).get(textArgument(L, 2, 'get_meta')));
    return 1;
  },
  set_meta(L: LuaState): number {
    self(L).set(textArgument(L, 2, 'set_meta'), toPlain(L, 3));
    return 0;
  },
  auth_info(L: LuaState): number {
    pushPlain(L, self(L).authInfo());
    return 1;
  },
};

const TYPE = { name: 'ConnectionMetaData', methods: METHODS };
