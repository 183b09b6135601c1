/**
 * What programs may know of the shell: where things are, and how text and time look. Everything else there is for other programs:
 * PGSSLMODE for psql, NODE_OPTIONS for another project, a proxy for the internet, none of which is asked for what runs here.
 */
const ofTheSystem =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|TMP|TEMP|TZ|LANG|LANGUAGE|LC_[A-Z]+|(DY)?LD_LIBRARY_PATH)$/;

/** Where traces go, and which: OpenTelemetry's standard variables. Not the name of the service, which is each one's own. */
const tracing = /^OTEL_(?!SERVICE_NAME$)[A-Z_]+$/;

/**
 * What of the README's table people choose in the shell: how much is logged, and quantities. All else in it is the stack's to say:
 * where a service listens, what it is called, how it stops, whom it calls and with which password.
 */
const settings =
  /^(LOG_LEVEL|(?!SHUTDOWN_)[A-Z]+(_[A-Z]+)*_(ATTEMPTS|BYTES|CLIENT|CONCURRENCY|LIMIT|MS|PIXELS|SECONDS|SIGMA|SIZE))$/;

/** The environment of a program that is none of ours. */
export function systemEnvironment(shell: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return pick(shell, (name) => ofTheSystem.test(name));
}

/** The environment of a service, as far as the shell decides it. */
export function serviceEnvironment(shell: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return pick(
    shell,
    (name) => ofTheSystem.test(name) || tracing.test(name) || settings.test(name.replace(/_FILE$/, '')),
  );
}

/** Clients of PostgreSQL in this process take what they are not told from PGOPTIONS, PGSSLMODE, …: this removes those. */
export function forgetPostgresVariables(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(environment)) {
    if (/^PG[A-Z]+$/.test(name)) Reflect.deleteProperty(environment, name);
  }
}

function pick(shell: NodeJS.ProcessEnv, isWanted: (name: string) => boolean): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(shell).filter(([name]) => isWanted(name)));
}
