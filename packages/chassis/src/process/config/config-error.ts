/** The configuration is invalid; the message lists every problem, one per line. */
export class ConfigError extends Error {}
