/**
 * What programs may know of the shell: paths, and how text and time are formatted. Everything else is for other programs: PGSSLMODE for
 * psql, NODE_OPTIONS for another project, a proxy for the internet, none of which is meant for what runs here.
 */
const ofTheSystem =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|TMP|TEMP|TZ|LANG|LANGUAGE|LC_[A-Z]+|(DY)?LD_LIBRARY_PATH)$/;

/**
 * Where traces go, and which: OpenTelemetry's standard variables. Not the name of the service, which differs between services. And where they can be
 * read.
 */
const tracing = /^(OTEL_(?!SERVICE_NAME$)[A-Z_]+|TRACES_(UI_)?URL)$/;

/**
 * The settings of docs/CONFIGURATION.md that people choose in the shell: the log level, who may call, and quantities. The stack sets everything else:
 * where a service listens, its name, how it stops, whom it calls and with which password.
 */
const settings =
  /^(LOG_LEVEL|AUTH_(MODE|ISSUER|AUDIENCE|JWKS_URL|CLIENT_ID|PARAMETERS)|SERVICE_TOKEN|(?!SHUTDOWN_)[A-Z]+(_[A-Z]+)*_(ATTEMPTS|BURST|BYTES|CLIENT|CONCURRENCY|LIMIT|MS|PIXELS|SECONDS?|SIGMA|SIZE))$/;

/** The environment of a third-party program. */
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

/** PostgreSQL clients in this process take unset options from PGOPTIONS, PGSSLMODE, …: this removes those variables. */
export function forgetPostgresVariables(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(environment)) {
    if (/^PG[A-Z]+$/.test(name)) Reflect.deleteProperty(environment, name);
  }
}

function pick(shell: NodeJS.ProcessEnv, isWanted: (name: string) => boolean): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(shell).filter(([name]) => isWanted(name)));
}
