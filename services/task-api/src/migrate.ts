import { runMigrations } from '@millrace/chassis/stores/postgres';
import { schema } from './schema.js';

void runMigrations('task-api', schema);
