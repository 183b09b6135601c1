/** What the log says of an error. */
export interface LoggedError {
  type: string;
  message: string;
  stack?: string;
  cause?: LoggedError;
  [detail: string]: unknown;
}

/** What names a fault without quoting what it was about: of Node, of PostgreSQL, and of ours. */
const DETAILS = ['code', 'syscall', 'address', 'port', 'status', 'schema', 'table', 'column', 'constraint'];
const CAUSES_MAX = 4;
/** PostgreSQL's class for values that it cannot take, which it quotes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;
const QUOTED = /"[^]*"/;

/**
 * An error as the log has it: without what clients have sent. Libraries hang all sorts of things on their errors: PostgreSQL's has the row that
 * breaks a constraint, ioredis' the arguments of the command. So only what is listed here is written, and values that a message quotes are left out.
 */
export function loggedError(error: unknown, causes = CAUSES_MAX): unknown {
  if (!(error instanceof Error)) return error;
  const details = error as Error & Record<string, unknown>;
  const message = quotesInput(details) ? error.message.replace(QUOTED, '"…"') : error.message;
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
