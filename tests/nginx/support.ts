import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import {
  certificateFolders,
  httpsVariables,
  putCertificate,
  renderListen,
  renderSettings,
} from '../../local/servers/nginx-settings.js';
import { freePort } from '../../local/servers/ports.js';
import { until } from '../support/until.js';

const configurationFolder = join(__dirname, '../../nginx');

/** The request as a stub upstream received it. */
export interface Echo {
  upstream: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  bytes: number;
}

export interface Upstream {
  port: number;
  /** Every request that reached it, with its body. */
  received: Echo[];
  /** How many connections were opened to it. */
  connections(): number;
  stop(): Promise<void>;
}

type Answer = (request: http.IncomingMessage, response: http.ServerResponse, echo: Echo) => void;

const echoAsJson: Answer = (_request, response, echo) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(echo));
};

/** Starts an HTTP server in place of a service; by default it responds with an `Echo`. */
export async function startUpstream(name: string, answer = echoAsJson, port = 0): Promise<Upstream> {
  const received: Echo[] = [];
  let connections = 0;
  const server = http.createServer({ maxHeaderSize: 128 * 1024, keepAliveTimeout: 60_000 });
  server.on('connection', () => connections++);
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => {
      const { method = '', url = '' } = request;
      const echo = { upstream: name, method, url, headers: request.headers as Record<string, string>, bytes };
      received.push(echo);
      response.setHeader('X-Served-By', name);
      response.setHeader('X-Request-Id', `by-${name}`);
      answer(request, response, echo);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    received,
    connections: () => connections,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export interface Nginx {
  port: number;
  /** 0 without `certificate`. */
  httpsPort: number;
  folder: string;
  logged(requestId: string): Promise<Record<string, unknown>>;
  /** The stderr of nginx, and of the script that watches its certificate. */
  complaints(): string;
  stop(): Promise<void>;
}

export interface NginxOptions {
  /** Ports of each service's replicas; a service that is not named has one, which is down. */
  replicas?: Partial<Record<'web-gateway' | 'task-api' | 'user-api', number[]>>;
  /** Texts to replace in a file, for a shorter time-out or a lower limit. */
  replace?: Record<string, Record<string, string>>;
  /** SERVER_NAMES and the like. */
  settings?: Record<string, string>;
  /** Serves HTTPS with it, and checks every second whether it has changed. */
  certificate?: { certFile: string; keyFile: string };
}

/** Starts the machine's nginx with the project's configuration in a temporary folder, on a free port. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const { replicas = {}, replace = {}, certificate } = options;
  const port = await freePort();
  const httpsPort = certificate ? await freePort() : 0;
  const downPort = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'millrace-nginx-'));
  await cp(configurationFolder, folder, { recursive: true });
  await mkdir(join(folder, 'logs'));
  await mkdir(join(folder, 'tmp'));
  const https = certificate && { ...certificate, port: httpsPort };
  const environment: NodeJS.ProcessEnv = {
    ...nginxEnvironment,
    ...httpsVariables(https),
    ...options.settings,
  };
  const { text } = renderListen([`127.0.0.1:${port}`], https ? [`127.0.0.1:${httpsPort}`] : [], environment);
  await writeFile(join(folder, 'listen.conf'), text);
  await writeFile(join(folder, 'settings.conf'), renderSettings(environment));

  const template = await readFile(join(folder, 'upstreams.local.conf'), 'utf8');
  const upstreams = template.replace(/\$\{([A-Z_]+)_SERVERS\}/g, (_match, name: string) => {
    const service = name.toLowerCase().replace('_', '-') as keyof typeof replicas;
    const ports = replicas[service] ?? [downPort];
    return ports.map((replica) => `server 127.0.0.1:${replica} max_fails=0;`).join('\n');
  });
  await writeFile(join(folder, 'upstreams.conf'), upstreams);

  for (const [file, texts] of Object.entries(replace)) {
    let content = await readFile(join(folder, file), 'utf8');
    for (const [from, to] of Object.entries(texts)) {
      if (!content.includes(from)) throw new Error(`${file} has no "${from}" to replace.`);
      content = content.replaceAll(from, to);
    }
    await writeFile(join(folder, file), content);
  }

  let complaints = '';
  const run = (command: string, args: string[]) => {
    const child = spawn(command, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    return child;
  };
  // As nginx/start has them.
  const files = { certFile: environment.HTTPS_CERT_FILE!, keyFile: environment.HTTPS_KEY_FILE! };
  const watch = certificate && putCertificate(join(folder, certificateFolders.https), files, environment, 1);
  const started = [run('nginx', nginxArguments(folder))];
  if (watch) started.push(run(watch.command, watch.args));
  const stop = async () => {
    await Promise.all(started.map(stopProcess));
    await rm(folder, { recursive: true });
  };
  try {
    await until('nginx accepts connections', () => {
      if (started[0]!.exitCode !== null) throw new Error('It has ended.');
      return accepts(port);
    });
  } catch (cause) {
    await stop();
    throw new Error(`nginx did not start: ${complaints}`, { cause });
  }
  return {
    port,
    httpsPort,
    folder,
    logged: (requestId) => until(`nginx has logged ${requestId}`, () => findLogLine(folder, requestId)),
    complaints: () => complaints,
    stop,
  };
}

function nginxArguments(folder: string): string[] {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return ['-e', 'stderr', '-p', `${folder}/`, '-c', 'nginx.conf', '-g', `daemon off; pid nginx.pid; ${user}`];
}

// Debian installs nginx where only root's PATH leads.
const nginxEnvironment = {
  PATH: `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/usr/local/sbin`,
};

/** Runs `nginx -t` on a running nginx's folder; throws with its output when it finds an error. */
export function checkConfiguration(folder: string): void {
  execFileSync('nginx', ['-t', ...nginxArguments(folder)], { env: nginxEnvironment, stdio: 'pipe' });
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function accepts(port: number): Promise<true | undefined> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

async function findLogLine(folder: string, requestId: string): Promise<Record<string, unknown> | undefined> {
  const file = join(folder, 'logs/access.log');
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .find((entry) => entry.request_id === requestId);
}
