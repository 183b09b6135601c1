import { join } from 'node:path';

/** The service's schema, and the folder of its migrations. */
export const schema = { schema: 'tasks', directory: join(__dirname, '../migrations') };
