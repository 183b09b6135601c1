/** An error as it is logged. */
export interface LoggedError {
  type: string;
  message: string;
  stack?: string;
  cause?: LoggedError;
  [detail: string]: unknown;
}

/** Properties that identify an error without quoting input: Node's, PostgreSQL's, and ours. */
const DETAILS = ['code', 'syscall', 'address', 'port', 'status', 'schema', 'table', 'column', 'constraint'];
const CAUSES_MAX = 4;
/** Some libraries list everything that is wrong with an answer of megabytes. */
const MESSAGE_MAX = 2_000;
/** PostgreSQL's class for values that it cannot take, which it quotes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;
const QUOTED = /"[^]*"/;

/**
 * An error as it is logged: without anything that clients sent. Libraries attach all sorts of things to their errors: PostgreSQL the row that
 * violates a constraint, ioredis the arguments of the command. So only the properties listed here are written, and values quoted in messages are removed.
 */
export function loggedError(error: unknown, causes = CAUSES_MAX): unknown {
  if (!(error instanceof Error)) return error;
  const details = error as Error & Record<string, unknown>;
  const whole = quotesInput(details) ? error.message.replace(QUOTED, '"…"') : error.message;
  const message = whole.length > MESSAGE_MAX ? `${whole.slice(0, MESSAGE_MAX)}…` : whole;
  return {
    type: error.name,
    message,
    ...Object.fromEntries(DETAILS.flatMap((name) => (name in details ? [[name, details[name]]] : []))),
    stack: error.stack?.replace(error.message, () => message),
    ...(error.cause !== undefined && causes > 0 && { cause: loggedError(error.cause, causes - 1) }),
  };
}

function quotesInput({ name, code }: Error & Record<string, unknown>): boolean {
  return name === 'SyntaxError' || (typeof code === 'string' && DATA_EXCEPTION.test(code));
}
