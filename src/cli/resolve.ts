/** `resolve`: the effective object, from a daemon or from the policy itself. */
import { Command } from 'commander';
import { ConfigError } from '../errors.ts';
import { kindNamed, type ResolveRequest } from '../kinds/index.ts';
import { ask } from './client.ts';
import { withEngine } from './local.ts';
import { jsonOption, policyOption, timeoutOption } from './options.ts';
import { fieldLines, print, printJson } from './print.ts';

interface ResolveOptions {
  policy: string;
  server?: string;
  source?: string;
  domain?: string;
  listener?: string;
  handlerTimeout?: number;
  json?: boolean;
}

interface Shown {
  kind: string;
  name: string;
  value: Record<string, unknown> | null;
  epoch: number;
  state: string;
  provenance: { handler: string | null } | null;
}

export function resolveCommand(): Command {
  return new Command('resolve')
    .description('print the effective object')
    .argument('<kind>', 'queue, egress_pool, egress_source, egress_path or listener_domain')
    .argument('[name]', "the object's name; for egress_path SOURCE->SITE, or --source and --domain")
    .option('--source <name>', 'egress_path: the source')
    .option('--domain <name>', 'egress_path: the domain, whose MX hosts give the site')
    .option('--listener <ip:port>', 'listener_domain: the listener')
    .option('--server <url>', 'ask this daemon instead of evaluating the policy here')
    .addOption(policyOption())
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .action(async (kind: string, name: string | undefined, options: ResolveOptions) => {
      const request = requestOf(kind, name, options);
      const object = options.server === undefined ? await here(request, options) : await there(request, options.server);
      if (options.json === true) printJson(object);
      else show(object);
    });
}

function requestOf(kindText: string, name: string | undefined, options: ResolveOptions): ResolveRequest {
  const kind = kindNamed(kindText);
  const { source, domain, listener } = options;
  if (kind === 'egress_path' && name === undefined) {
    if (source !== undefined && domain !== undefined) return { kind, source, domain };
    throw new ConfigError('USAGE', 'egress_path needs SOURCE->SITE, or --source and --domain');
  }
  if (name === undefined) throw new ConfigError('USAGE', `${kind} needs a name`);
  return {
    kind,
    name,
    ...(kind === 'listener_domain' && listener !== undefined ? { listener } : {}),
  } as ResolveRequest;
}

function here(request: ResolveRequest, options: ResolveOptions): Promise<Shown> {
  const local = { policy: options.policy, handlerTimeoutMs: options.handlerTimeout };
  return withEngine(local, async (engine) => {
    await engine.load();
    await engine.run(['pre_init', 'init']);
    const object = await engine.resolve(request);
    return JSON.parse(engine.live.text(object)) as Shown;
  });
}

async function there(request: ResolveRequest, server: string): Promise<Shown> {
  return (await ask(server, 'POST', '/api/config/v1/resolve', request)) as Shown;
}

function show({ kind, name, value, epoch, state, provenance }: Shown): void {
  print(`# ${kind} ${name}: ${state}, epoch ${epoch}, from ${provenance?.handler ?? "KumoMTA's defaults"}`);
  print(value === null ? '# no such domain here' : fieldLines(value).join('\n'));
}
