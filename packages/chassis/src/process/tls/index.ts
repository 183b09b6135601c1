import type * as IdentityModule from './identity.js';
import { ConfigError } from '../config/config-error.js';
import type { Logger } from '../log/logger.js';
import type { TlsConfig } from './tls-config.js';
import type { ServiceTls, StoreTls } from './tls.js';
import { gauge } from '../../telemetry/metrics.js';

/** Which connections use TLS; undefined: plain. */
export interface Tls {
  /** Calls between services. */
  services: ServiceTls | undefined;
  /** Connections to Redis and PostgreSQL. */
  stores: StoreTls | undefined;
}

/**
 * TLS as configured by TLS_DIR and STORES_CA. Without them, nothing is loaded, and everything stays plain. Files that do not match end the
 * process, with a message that says what is wrong.
 */
export function openTls(config: TlsConfig, logger: Logger): Tls {
  if (config.TLS_DIR === undefined && config.STORES_CA === undefined)
    return { services: undefined, stores: undefined };
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it always
  const { openIdentity, trusting } = require('./identity.js') as typeof IdentityModule;
  try {
    const { TLS_DIR, TLS_CALLERS, STORES_CA } = config;
    const own = TLS_DIR === undefined ? undefined : openIdentity(TLS_DIR, TLS_CALLERS, logger);
    if (own)
      gauge(
        {
          name: 'tls_certificate_expiry_timestamp_seconds',
          help: 'When the certificate expires, in Unix time.',
        },
        () => [{ value: own.expiresAt() / 1_000 }],
      );
    return { services: own, stores: STORES_CA === undefined ? own : trusting(STORES_CA) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
