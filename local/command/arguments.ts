import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { serviceNames } from '#topology';
import { parseScale, type Scale } from '../stack/replicas.js';

const HTTPS_PORT_OFFSET = 443 - 80;

export type Arguments = {
  help: boolean;
  watch: boolean;
  /** Whether sign-in is required, at an identity provider that is started as well. */
  auth: boolean;
  observe: boolean;
  /** Whether every connection uses TLS: from clients, with a certificate from this machine's own authority, and behind Nginx. */
  tls: boolean;
  /** Services that are not named have one replica. */
  scale: Partial<Scale>;
  /** The public port. Default: 8080. */
  port: number;
  /** The public port for HTTPS. Default: the other one plus 363, such as 8443, as 443 is to 80. */
  httpsPort: number;
  /** The user's own certificate, for HTTPS. */
  certificate: { certFile: string; keyFile: string } | undefined;
  /** The address to listen on; undefined for the loopback addresses. */
  bind: string | undefined;
};

export const usage = `Usage: npm start [-- OPTION...]

Starts the whole stack as local processes and stops it on Ctrl-C.

  --scale SERVICE=NUMBER  how many replicas of a service to run (default 1); can be repeated
  --auth                  require sign-in, at a development identity provider that is started as well (on port + 1000)
  --tls                   TLS on every connection: HTTPS on port + 363, with a certificate for this machine; plain HTTP redirects there
  --watch                 run the services from their sources and restart them when those change (npm run dev)
  --observe               serve metrics, run Prometheus with the product's alerts if it is installed, and show traces in the web UI
  --help                  show this

Services: ${serviceNames.join(', ')}

Environment:
  PORT        the port to listen on (default 8080)
  HTTPS_PORT  the port to listen on for HTTPS (default: PORT + 363)
  BIND        the address to listen on (default: the loopback addresses; 0.0.0.0 opens it to the network)
  HTTPS_CERT_FILE, HTTPS_KEY_FILE
              your own certificate for HTTPS, and its private key
`;

/** Reads the command line and the environment; throws, with a message for people, when something in them is wrong. */
export function readArguments(args: string[], env: NodeJS.ProcessEnv): Arguments {
  const { help, watch, auth, observe, tls, scale } = parse(args);
  const port = readPort('PORT', env.PORT, 8080);
  return {
    help,
    watch,
    auth,
    observe,
    tls,
    scale: parseScale(scale),
    port,
    httpsPort: readPort('HTTPS_PORT', env.HTTPS_PORT, port + HTTPS_PORT_OFFSET),
    certificate: readCertificate(env.HTTPS_CERT_FILE?.trim(), env.HTTPS_KEY_FILE?.trim()),
    bind: env.BIND?.trim() || undefined,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        watch: { type: 'boolean', default: false },
        auth: { type: 'boolean', default: false },
        observe: { type: 'boolean', default: false },
        tls: { type: 'boolean', default: false },
        scale: { type: 'string', multiple: true, default: [] },
      },
    }).values;
  } catch (error) {
    const [firstSentence = ''] = (error as Error).message.split(/\. |\n/);
    throw new Error(`${firstSentence.replace(/\.$/, '')}. See: npm start -- --help`, { cause: error });
  }
}

function readCertificate(certFile?: string, keyFile?: string): Arguments['certificate'] {
  if (!certFile) return undefined;
  if (!keyFile) throw new Error('HTTPS_CERT_FILE needs HTTPS_KEY_FILE, the file with its private key.');
  return { certFile: resolve(certFile), keyFile: resolve(keyFile) };
}

function readPort(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const port = Number(value);
  if (/^\d+$/.test(value) && port >= 1 && port <= 65_535) return port;
  throw new Error(`${name} must be a number from 1 to 65535, not "${value}".`);
}
