import { serviceConfig } from '@millrace/chassis';

export const configSchema = serviceConfig;
