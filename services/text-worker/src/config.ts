import { serviceConfig } from '@millrace/chassis/process';

export const configSchema = serviceConfig;
