// Nginx's configuration as it runs: it is only complete with the files of an environment, and with the output of its scripts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { files } from './files.mjs';

export const ENVIRONMENTS = ['local', 'compose', 'kubernetes'];

/** Everything that the scripts read: docs/CONFIGURATION.md. */
const EVERYTHING = {
  SERVER_NAMES: 'millrace.example.com',
  CORS_ORIGINS: 'https://app.example.com',
  TRUSTED_PROXIES: '10.0.0.0/8',
  EDGE_REQUESTS_PER_SECOND: '100',
  HTTPS_CERT_FILE: '/run/https/tls.crt',
  HTTPS_KEY_FILE: '/run/https/tls.key',
  TLS_DIR: '/run/tls',
};

/** What `nginx/listen` asks a binary: the one in the images supports HTTP/3. */
const BUILD = `#!/bin/sh
echo 'nginx version: nginx/1.30.0
configure arguments: --with-http_ssl_module --with-http_v2_module --with-http_v3_module' >&2
`;

/**
 * @param isSecured with HTTPS, TLS between services and all other settings; otherwise with none
 * @returns the path of `nginx.conf`, and how many files belong to it
 */
export function nginxConfiguration(environment, isSecured) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-audit-'));
  const paths = files('nginx/*.conf');
  for (const path of paths) {
    const [name, place = environment] = basename(path, '.conf').split('.');
    if (place === environment)
      writeFileSync(join(folder, `${name}.conf`), complete(readFileSync(path, 'utf8'), isSecured));
  }
  const build = join(folder, 'nginx');
  writeFileSync(build, BUILD, { mode: 0o755 });
  const env = { PATH: process.env.PATH, NGINX: build, ...(isSecured && EVERYTHING) };
  const write = (name, ...args) =>
    writeFileSync(
      join(folder, `${name}.conf`),
      execFileSync('sh', [join('nginx', name), ...args], { env, encoding: 'utf8' }),
    );
  write('listen', '8080', '8443', '/tmp/https');
  write('settings');
  return { path: join(folder, 'nginx.conf'), reads: paths.length + 2 };
}

/**
 * In containers, the scripts' output is in /tmp; here, it is beside the other files. In a template, each service has one replica. And when a URL begins
 * with a variable, gixy mistakes its host for a path.
 */
function complete(text, isSecured) {
  return text
    .replaceAll('include /tmp/', 'include ')
    .replace(/\$\{\w+_SERVERS\}/g, 'server 127.0.0.1:3000;')
    .replaceAll('proxy_pass $service_scheme:', `proxy_pass ${isSecured ? 'https' : 'http'}:`);
}
