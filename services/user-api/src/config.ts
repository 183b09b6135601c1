import { postgresConfig, serviceConfig } from '@millrace/chassis/process';

export const configSchema = serviceConfig.extend(postgresConfig.shape);
