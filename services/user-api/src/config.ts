import { postgresConfig, serviceConfig } from '@millrace/chassis';

export const configSchema = serviceConfig.extend(postgresConfig.shape);
