import { parseArgs } from 'node:util';
import { serviceNames } from '#topology';
import { parseScale, type Scale } from '../stack/replicas.js';

export type Arguments = {
  help: boolean;
  watch: boolean;
  /** Whether people have to sign in, at an identity provider that is started as well. */
  auth: boolean;
  observe: boolean;
  /** Services that are not named have one replica. */
  scale: Partial<Scale>;
  /** The public port. Default: 8080. */
  port: number;
  /** The address to listen on; undefined for the loopback addresses. */
  bind: string | undefined;
};

export const usage = `Usage: npm start [-- OPTION...]

Starts the whole stack as local processes and stops it on Ctrl-C.

  --scale SERVICE=NUMBER  how many replicas of a service to run (default 1); can be repeated
  --auth                  require access tokens, of a development identity provider that is started as well (port + 1000)
  --watch                 run the services from their sources and restart them when those change (npm run dev)
  --observe               serve metrics, run Prometheus with the product's alerts if it is installed, and show traces in the web UI
  --help                  show this

Services: ${serviceNames.join(', ')}

Environment:
  PORT  the port to listen on (default 8080)
  BIND  the address to listen on (default: the loopback addresses; 0.0.0.0 opens it to the network)
`;

/** Reads the command line and the environment; throws, with a message for people, when something in them is wrong. */
export function readArguments(args: string[], env: NodeJS.ProcessEnv): Arguments {
  const { help, watch, auth, observe, scale } = parse(args);
  return {
    help,
    watch,
    auth,
    observe,
    scale: parseScale(scale),
    port: readPort(env.PORT),
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
        scale: { type: 'string', multiple: true, default: [] },
      },
    }).values;
  } catch (error) {
    const [firstSentence = ''] = (error as Error).message.split(/\. |\n/);
    throw new Error(`${firstSentence.replace(/\.$/, '')}. See: npm start -- --help`, { cause: error });
  }
}

function readPort(value = '8080'): number {
  const port = Number(value);
  if (/^\d+$/.test(value) && port >= 1 && port <= 65_535) return port;
  throw new Error(`PORT must be a number from 1 to 65535, not "${value}".`);
}
