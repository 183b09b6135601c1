import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { ConfigError } from '../config/config-error.js';
import type { Logger } from '../log/logger.js';
import { certificatesIn, type Credentials, readCredentials } from './credentials.js';
import type { ServiceTls, StoreTls } from './tls.js';

const VERSION = { minVersion: 'TLSv1.3' } as const;
/** How soon a renewed certificate is used. Kubernetes takes up to a minute and a half to deliver it. */
const LOOK_EVERY_MS = 5_000;
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** The minimum time between two log lines about refused connections: anybody can open more. */
const LOG_REFUSALS_EVERY_MS = 1_000;

/**
 * The certificate in a folder, for as long as the process runs: new connections use renewed files. Files that do not match are
 * ignored, because they may be in the middle of a change.
 * @param callers the names in the certificates of allowed callers. Default: everyone with a certificate from the authority
 * @throws ConfigError when the files do not match at the start
 */
export function openIdentity(folder: string, callers: string[] | undefined, logger: Logger): ServiceTls {
  let credentials = readCredentials(folder);
  let context = contextOf(credentials);
  const servers = new Set<Pick<HttpsServer, 'setSecureContext'>>();
  let lastProblem = '';

  const look = () => {
    try {
      const found = readCredentials(folder);
      lastProblem = '';
      if (isSame(found, credentials)) return;
      credentials = found;
      context = contextOf(found);
      for (const server of servers) server.setSecureContext({ ...found, ...VERSION });
      logger.info({ expires_at: new Date(found.expiresAt).toISOString() }, 'using the renewed certificate');
    } catch (error) {
      const { message } = error as Error;
      if (message !== lastProblem) logger.warn({ err: error }, 'keeping the previous certificate');
      lastProblem = message;
    }
  };
  setInterval(look, LOOK_EVERY_MS).unref();

  return {
    context: () => context,
    expiresAt: () => credentials.expiresAt,

    createServer(options, listener) {
      const server = createHttpsServer(
        {
          ...options,
          ...credentials,
          ...VERSION,
          requestCert: true,
          rejectUnauthorized: true,
          handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        },
        listener,
      );
      const logRefusal = refusalLog(logger);
      server.on('tlsClientError', logRefusal);
      // Before the listener for requests. In TLS 1.3, the client finds out when it reads the answer.
      if (callers)
        server.prependListener('secureConnection', (socket: TLSSocket) => {
          const theirs = socket.getPeerX509Certificate();
          if (callers.some((name) => theirs?.checkHost(name, { subject: 'never', wildcards: false }))) return;
          socket.destroy();
          logRefusal(
            new Error(`TLS_CALLERS does not list any of ${theirs?.subjectAltName ?? 'no names'}`),
            socket,
          );
        });
      servers.add(server);
      server.once('close', () => servers.delete(server));
      return server;
    },
  };
}

/** TLS to servers with certificates from these authorities, without one of our own. @throws ConfigError when the text contains none */
export function trusting(ca: string): StoreTls {
  try {
    certificatesIn(ca);
  } catch (error) {
    throw new ConfigError(`STORES_CA is not a certificate in PEM: ${(error as Error).message}`);
  }
  const context = createSecureContext({ ca, minVersion: 'TLSv1.2' });
  return { context: () => context };
}

function contextOf({ cert, key, ca }: Credentials): SecureContext {
  return createSecureContext({ cert, key, ca, ...VERSION });
}

function isSame(one: Credentials, other: Credentials): boolean {
  return one.cert === other.cert && one.key === other.key && one.ca === other.ca;
}

/** Logs who was refused and why, at most once a second. */
function refusalLog(logger: Logger) {
  let loggedAt = -Infinity;
  return (error: Error, { remoteAddress }: { remoteAddress?: string | undefined }) => {
    if (performance.now() - loggedAt < LOG_REFUSALS_EVERY_MS) return;
    loggedAt = performance.now();
    logger.warn({ err: error, client: remoteAddress }, 'refused a connection');
  };
}
