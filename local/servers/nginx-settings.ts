import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../paths.js';

/** A certificate, followed by intermediate ones, and its private key (PEM). A new pair is used within ten seconds. */
export type CertificateFiles = { certFile: string; keyFile: string };

export type HttpsOptions = CertificateFiles & { port: number };

const scripts = join(repositoryRoot, 'nginx');
/** In nginx's folder: its certificates for clients, and for services. */
export const certificateFolders = { https: 'https', services: 'services-tls' };

/** What the scripts in `nginx/` read: docs/CONFIGURATION.md. */
const variables = [
  'SERVER_NAMES',
  'CORS_ORIGINS',
  'TRUSTED_PROXIES',
  'EDGE_REQUESTS_PER_SECOND',
  'TLS_DIR',
  'HTTPS_CERT_FILE',
  'HTTPS_KEY_FILE',
  'HTTPS_PORT',
  'HSTS_SECONDS',
];

/** Tells those scripts about a certificate, or that there is none. */
export function httpsVariables(https: HttpsOptions | undefined): Record<string, string> {
  if (!https) return { HTTPS_CERT_FILE: '' };
  const { certFile, keyFile, port } = https;
  return { HTTPS_CERT_FILE: certFile, HTTPS_KEY_FILE: keyFile, HTTPS_PORT: String(port) };
}

/**
 * The part of nginx's configuration that comes from the environment, written by the same script as in containers.
 *
 * @throws an error that names each invalid variable
 */
export function renderSettings(environment: NodeJS.ProcessEnv = process.env): string {
  return run('settings', [certificateFolders.services], environment).stdout;
}

/**
 * Where nginx listens, each a `host:port`, and how it speaks TLS, written by another script of containers.
 *
 * @returns also a remark if this build of nginx lacks a feature
 */
export function renderListen(
  http: readonly string[],
  https: readonly string[],
  environment: NodeJS.ProcessEnv,
): { text: string; remark: string } {
  const { stdout, stderr } = run(
    'listen',
    [http.join(' '), https.join(' '), certificateFolders.https],
    environment,
  );
  return { text: stdout, remark: stderr.trim() };
}

/**
 * Puts a certificate into a folder for nginx, and returns the command that keeps it up to date.
 *
 * @throws nginx's message when it cannot use the certificate
 */
export function putCertificate(
  folder: string,
  { certFile, keyFile }: CertificateFiles,
  environment: NodeJS.ProcessEnv,
  seconds: number,
): { command: string; args: string[]; env: NodeJS.ProcessEnv } {
  const args = [folder, certFile, keyFile];
  run('certificate', args, environment);
  const script = join(scripts, 'certificate');
  return { command: 'sh', args: [script, ...args, String(seconds)], env: environmentOf(environment) };
}

function run(script: string, args: string[], environment: NodeJS.ProcessEnv) {
  const options = { env: environmentOf(environment), encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync('sh', [join(scripts, script), ...args], options);
  if (status !== 0) throw new Error(stderr.trim());
  return { stdout, stderr };
}

function environmentOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(['PATH', 'NGINX', ...variables].map((name) => [name, environment[name]]));
}
