import type { prettyFactory as PrettyFactory } from 'pino-pretty';

export type PrinterOptions = {
  write: (text: string) => void;
  /** The length of the longest source name. */
  width: number;
  /** Whether to use colours. */
  color: boolean;
  /** Whether to turn the services' JSON lines into text for people. */
  pretty: boolean;
};

/** ANSI foreground colours that are readable on dark and light backgrounds: cyan, yellow, green, magenta, blue and their bright variants. */
const colors = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** Prints lines as `task-api-1  | line`, each source in its own colour. */
export function makePrinter({
  write,
  width,
  color,
  pretty,
}: PrinterOptions): (source: string, line: string) => void {
  const colorOf = new Map<string, number>();
  let prettify: ReturnType<typeof makePrettifier> | undefined;

  const prefixOf = (source: string) => {
    const prefix = `${source.padEnd(width)} | `;
    if (!color) return prefix;
    const code = colorOf.get(source) ?? colors[colorOf.size % colors.length] ?? 36;
    colorOf.set(source, code);
    return `\u001b[${code}m${prefix}\u001b[0m`;
  };

  return (source, line) => {
    const text = pretty && line.startsWith('{') ? (prettify ??= makePrettifier(color))(line).trimEnd() : line;
    // A stack trace in a JSON line becomes several lines.
    for (const part of text.split('\n')) write(`${prefixOf(source)}${part}\n`);
  };
}

/** Loads the library when the first line arrives: by then the servers are starting, and nothing waits for it. */
function makePrettifier(color: boolean): (line: string) => string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it always
  const { prettyFactory } = require('pino-pretty') as { prettyFactory: typeof PrettyFactory };
  return prettyFactory({
    colorize: color,
    // The prefix of the line already names the source.
    ignore: 'pid,hostname,service,pod',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
}

/** What Redis writes at every start and stop even at its tersest log level. */
const redisRoutine =
  /oO0Oo|Redis version=|Configuration loaded|Server initialized|Memory overcommit|scheduling shutdown|User requested shutdown|ready to exit/;

/** Servers log a lot at every start; people look for the errors among it. */
export function isNoise(source: string, line: string): boolean {
  if (source === 'postgres') return / LOG: /.test(line);
  return source === 'redis' && redisRoutine.test(line);
}
