import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Guard } from '../supervise/guard.js';
import { repositoryRoot } from '../paths.js';
import { boundLog } from './bounded-log.js';
import {
  certificateFolders,
  type CertificateFiles,
  type HttpsOptions,
  httpsVariables,
  putCertificate,
  renderListen,
  renderSettings,
} from './nginx-settings.js';
import { findProgram } from './programs.js';
import { systemEnvironment } from '../supervise/environment.js';
import {
  type ProcessSpec,
  superviseProcess,
  type SupervisedProcess,
} from '../supervise/supervised-process.js';
import { serviceNames, variableName } from '#topology';
import { type PlannedReplica } from '../stack/replicas.js';

export type NginxOptions = {
  dataDir: string;
  guard: Guard;
  /** Addresses to listen on, e.g. ['127.0.0.1', '::1']. */
  hosts: string[];
  port: number;
  /** Serves HTTPS as well; plain HTTP redirects there. Default: off. */
  https?: HttpsOptions | undefined;
  replicas: readonly PlannedReplica[];
  /** The port on 127.0.0.1 where it reports its status to an exporter. Default: none. */
  statusPort?: number | undefined;
  /** Calls the services with TLS, with the certificate in the subfolder `nginx`. Default: plain. */
  tlsDir?: string | undefined;
  onLine?: (source: string, line: string) => void;
  onEvent?: (line: string) => void;
};

export type NginxServer = {
  process: SupervisedProcess;
  /** Switches to other replicas if their addresses have changed; running requests are not disturbed. */
  reload(replicas: readonly PlannedReplica[]): void;
  /** Idempotent. */
  stop(): Promise<void>;
};

const sources = join(repositoryRoot, 'nginx');
const upstreamsTemplate = 'upstreams.local.conf';
/** How often to check for a new certificate. */
const CERTIFICATE_POLL_SECONDS = 10;

/** Starts the machine's nginx with the configuration in `nginx/`, in its own folder. */
export function startNginx(options: NginxOptions): NginxServer {
  const { dataDir, guard, hosts, port, https, replicas, statusPort, tlsDir, onLine, onEvent } = options;
  const folder = join(dataDir, 'nginx');
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['logs', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of readdirSync(sources).filter((file) => file.endsWith('.conf'))) {
    copyFileSync(join(sources, name), join(folder, name));
  }
  const nginx = findProgram('nginx');
  const TLS_DIR = tlsDir && join(tlsDir, 'nginx');
  const environment = { ...process.env, TLS_DIR, ...httpsVariables(https), NGINX: nginx };
  const addresses = (port: number) => hosts.map((host) => `${bracketed(host)}:${port}`);
  const { text, remark } = renderListen(addresses(port), https ? addresses(https.port) : [], environment);
  if (remark) onEvent?.(remark);
  writeFileSync(join(folder, 'listen.conf'), text);
  writeFileSync(join(folder, 'settings.conf'), renderSettings(environment) + renderStatus(statusPort));
  writeUpstreams(folder, replicas);

  const start = (spec: Omit<ProcessSpec, 'cwd'>) =>
    superviseProcess({ ...spec, cwd: folder }, { guard, onLine, onEvent });
  // -e: messages from before the configuration is read would go to a log file of the system.
  const args = ['-p', `${folder}/`, '-e', 'stderr', '-c', 'nginx.conf', '-g', globalDirectives()];

  /** Puts a certificate into a folder for nginx, and keeps it up to date. */
  const keep = (name: string, to: string, files: CertificateFiles) =>
    start({ name, ...putCertificate(join(folder, to), files, environment, CERTIFICATE_POLL_SECONDS) });
  const watchers = https ? [keep('certificate', certificateFolders.https, https)] : [];
  if (TLS_DIR) {
    const files = { certFile: join(TLS_DIR, 'tls.crt'), keyFile: join(TLS_DIR, 'tls.key') };
    const reload = ['ca.crt', nginx, ...args, '-s', 'reload'];
    watchers.push(
      keep('services-certificate', certificateFolders.services, files),
      start({
        name: 'services-authority',
        command: 'sh',
        args: [join(repositoryRoot, 'docker', 'on-renewal'), ...reload],
        env: { ...systemEnvironment(), TLS_DIR },
      }),
    );
  }
  const server = start({ name: 'nginx', command: nginx, args });
  const stopBounding = boundLog(join(folder, 'logs', 'access.log'));
  return {
    process: server,
    reload(newReplicas) {
      if (writeUpstreams(folder, newReplicas)) server.kill('SIGHUP');
    },
    async stop() {
      stopBounding();
      await Promise.all([server, ...watchers].map((process) => process.stop(2_000)));
    },
  };
}

function renderStatus(port: number | undefined): string {
  if (port === undefined) return '';
  return readFileSync(join(sources, 'status.conf'), 'utf8').replace(/listen \d+/, `listen 127.0.0.1:${port}`);
}

/** Returns whether anything has changed: nginx does not know most services. */
function writeUpstreams(folder: string, replicas: readonly PlannedReplica[]): boolean {
  const file = join(folder, 'upstreams.conf');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const template = readFileSync(join(sources, upstreamsTemplate), 'utf8');
  const upstreams = renderUpstreams(template, replicas);
  writeFileSync(file, upstreams);
  return upstreams !== before;
}

/** Replaces `${TASK_API_SERVERS}` and the like with a line for each replica. */
export function renderUpstreams(template: string, replicas: readonly PlannedReplica[]): string {
  return template.replace(/\$\{([A-Z_]+)_SERVERS\}/g, (placeholder, variable: string) => {
    const service = serviceNames.find((name) => variableName(name) === variable);
    if (!service) throw new Error(`${upstreamsTemplate} names ${placeholder}, but there is no such service.`);
    return replicas
      .filter((replica) => replica.service === service)
      .map(({ port }) => `server 127.0.0.1:${port} max_fails=0;`)
      .join('\n    ');
  });
}

function globalDirectives(): string {
  const directives = ['daemon off', 'pid nginx.pid'];
  // When root starts it, nginx would run its workers as a user who may not have access to the folder.
  if (process.getuid?.() === 0) directives.push('user root root');
  return directives.map((directive) => `${directive};`).join(' ');
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
