import { loadConfig, postgresConfig, serviceConfig } from '../../process/config/config.js';
import { createLogger } from '../../process/log/logger.js';
import { openTls } from '../../process/tls/index.js';
import { tlsConfig } from '../../process/tls/tls-config.js';
import { migrate, type MigrationOptions } from './migrate.js';

const configSchema = postgresConfig.extend({
  ...tlsConfig.shape,
  LOG_LEVEL: serviceConfig.shape.LOG_LEVEL,
  POD_NAME: serviceConfig.shape.POD_NAME,
});

/**
 * A process that brings a schema up to date and exits, with status 1 if that failed. It uses the account that owns the schema; the service
 * itself has another account, which can only read and write rows.
 *
 * @param service the name in log lines
 */
export async function runMigrations(
  service: string,
  schema: Pick<MigrationOptions, 'directory' | 'schema'>,
): Promise<void> {
  const config = loadConfig(configSchema);
  const logger = createLogger(service, config);
  const tls = openTls(config, logger).stores;
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stopping.abort());
  try {
    await migrate({ ...schema, config: { ...config, tls }, logger, signal: stopping.signal });
  } catch (error) {
    logger.fatal({ err: error }, 'cannot migrate');
    process.exitCode = 1;
  }
}
