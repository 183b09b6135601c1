import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSecrets } from './secrets.js';
import { temporaryFolder } from '../supervise/test-support.js';

const dataDir = temporaryFolder();
const path = join(dataDir, 'secrets.json');
afterAll(() => rmSync(dataDir, { recursive: true }));

describe.each([
  ['empty', ''],
  ['damaged', '{"postgresPassword": "a'],
  ['damaged', '[]'],
])('a secrets file that is %s', (state, content) => {
  it('is created again as long as no database uses its passwords', () => {
    writeFileSync(path, content);
    const secrets = loadSecrets(path);
    expect(secrets.postgresPassword).toMatch(/^[0-9a-f]{48}$/);
    expect(loadSecrets(path)).toEqual(secrets);
  });

  it('is not touched when there is a database, and the error says what to do', () => {
    mkdirSync(join(dataDir, 'postgres'));
    writeFileSync(path, content);
    expect(() => loadSecrets(path)).toThrow(
      `${path} is ${state}: it has the passwords of the database next to it. ` +
        `Restore that file, or remove ${dataDir} to start over.`,
    );
    expect(readFileSync(path, 'utf8')).toBe(content);
    rmSync(join(dataDir, 'postgres'), { recursive: true });
  });
});
