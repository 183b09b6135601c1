#!/usr/bin/env node
// API keys, for scripts that call Millrace where people sign in: npm run keys -- --help
import { URLSearchParams } from 'node:url';
import { parseArgs } from 'node:util';
import { ask, DEFAULT_URL, explain, run } from './api-client.mjs';

const USAGE = `Usage: npm run keys -- [command] [options]

Commands
  list                   your keys, and when they expire (default)
  create NAME            creates a key and prints it; it cannot be shown again
  revoke ID              the key stops working within ten seconds

Options
  --scopes SCOPE,…       for create: what the key allows, such as tasks:read,tasks:write. Never more than your token
  --days NUMBER          for create: when it expires, at most 365 (default 90)
  --subject SUB          for list: another user's keys, for administrators only
  --url URL              the URL of Millrace. Default: $MILLRACE_URL, else http://localhost:8080
  --help                 show this help

Environment
  MILLRACE_TOKEN         your access token. A key cannot create keys
`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      scopes: { type: 'string' },
      days: { type: 'string' },
      subject: { type: 'string' },
      url: { type: 'string', default: DEFAULT_URL },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [name = 'list', argument, ...rest] = positionals;
  const command = { list, create, revoke }[name];
  const takesOne = name !== 'list';
  if (values.help) process.stdout.write(USAGE);
  else if (!command || rest.length > 0 || takesOne !== (argument !== undefined))
    throw new Error(`Unknown command.\n\n${USAGE}`);
  else await command(`${values.url.replace(/\/$/, '')}/api/keys`, values, argument);
}

async function list(url, { subject }) {
  const query = subject === undefined ? '' : `?${new URLSearchParams({ subject })}`;
  const keys = await answer(ask(url + query));
  for (const { id, name, prefix, scopes, expires_at: end } of keys) {
    const state = Date.parse(end) > Date.now() ? 'expires' : 'expired';
    console.log(`${id}  ${prefix}…  ${state} ${end.slice(0, 10)}  ${scopes.join(',')}  ${name}`);
  }
  if (keys.length === 0) console.log('There are no keys.');
}

async function create(url, { scopes, days }, name) {
  if (scopes === undefined) throw new Error('Specify what the key allows: --scopes tasks:read,tasks:write');
  const body = {
    name,
    scopes: scopes.split(','),
    ...(days !== undefined && { expires_in_days: Number(days) }),
  };
  const { id, key, expires_at: end } = await answer(ask(url, 'POST', body));
  // Only the key goes to stdout, so that a script can use it.
  console.error(
    `Expires on ${end.slice(0, 10)}. It is not shown again. To revoke it: npm run keys -- revoke ${id}`,
  );
  console.log(key);
}

async function revoke(url, _options, id) {
  await answer(ask(`${url}/${encodeURIComponent(id)}`, 'DELETE'));
  console.log('Revoked.');
}

async function answer(asked) {
  const response = await asked;
  if (response.status === 404 && response.url.endsWith('/api/keys'))
    throw new Error('There are no API keys with AUTH_MODE=off: everyone may do everything.');
  if (!response.ok) throw new Error(await explain(response));
  return response.status === 204 ? undefined : response.json();
}

run(main);
