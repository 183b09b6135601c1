import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of the release: all packages and services have the same. */
export const { version: VERSION } = JSON.parse(
  readFileSync(join(__dirname, '../../package.json'), 'utf8'),
) as { version: string };
