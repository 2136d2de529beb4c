-- An example policy: two pools over four sources, tenants, a table of listener domains, and shaping of two big
-- mailbox providers. What operators edit lies in the TOML and JSON files beside this one; this file says what it means.
local kumo = require 'kumo'
local here = require 'here'

local sources = kumo.toml_load(here .. 'sources.toml')
local tenants = kumo.json_load(here .. 'tenants.json')
local listener_domains = kumo.toml_load(here .. 'listener_domains.toml')
local shaping = kumo.toml_load(here .. 'shaping.toml')

kumo.on('init', function()
  -- The admin API. Only hosts in trusted_hosts may ask; that is this host alone unless you say otherwise.
  kumo.start_http_listener { listen = '127.0.0.1:8000' }

  -- Mail is received, spooled and logged by KumoMTA. kumo-configd checks what is written here and lists it.
  kumo.start_esmtp_listener { listen = '127.0.0.1:2525', relay_hosts = { '127.0.0.1' } }
  kumo.define_spool { name = 'data', path = '/var/spool/kumomta/data' }
  kumo.define_spool { name = 'meta', path = '/var/spool/kumomta/meta' }
  kumo.configure_local_logs { log_dir = '/var/log/kumomta' }
end)

-- Which domains this server relays for, and from whom. A domain that is not in the table: no relaying.
kumo.on('get_listener_domain', function(domain, _listener, _conn_meta)
  local params = listener_domains[domain] or listener_domains['*']
  if params then
    return kumo.make_listener_domain(params)
  end
end)

-- A scheduled queue: the defaults, overridden by its tenant's settings, overridden by its domain's.
kumo.on('get_queue_config', function(domain, tenant, _campaign, _routing_domain)
  local params = { refresh_strategy = 'Epoch' }
  local layers = { tenants.default, tenants.tenants[tenant or ''], tenants.domains[domain] }
  for i = 1, 3 do
    for key, value in pairs(layers[i] or {}) do
      params[key] = value
    end
  end
  return kumo.make_queue_config(params)
end)

kumo.on('get_egress_pool', function(name)
  local entries = sources.pools[name]
  if not entries then
    error('sources.toml has no pool ' .. name)
  end
  return kumo.make_egress_pool { name = name, entries = entries }
end)

kumo.on('get_egress_source', function(name)
  local source = sources.sources[name]
  if not source then
    error('sources.toml has no source ' .. name)
  end
  return kumo.make_egress_source {
    name = name,
    source_address = source.address,
    ehlo_domain = source.ehlo_domain,
  }
end)

-- How mail leaves for a site: what holds for all, overridden by what the site's provider asks for.
kumo.on('get_egress_path_config', function(_routing_domain, _source, site_name)
  local params = { refresh_strategy = 'Epoch' }
  for key, value in pairs(shaping.default) do
    params[key] = value
  end
  for _, provider in ipairs(shaping.provider) do
    -- A provider is known by the end of its MX hosts' names.
    if site_name:sub(-#provider.mx_suffix) == provider.mx_suffix then
      for key, value in pairs(provider.path) do
        params[key] = value
      end
    end
  end
  return kumo.make_egress_path(params)
end)
