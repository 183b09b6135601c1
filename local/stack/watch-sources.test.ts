import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../supervise/test-support.js';
import { watchSources } from './watch-sources.js';
import { until } from '../../tests/support/until.js';

let root: string;
let changed: string[];
let stop: () => Promise<void>;

const write = (file: string, text: string) => {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
const manifest = (...names: string[]) =>
  JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [`@millrace/${name}`, '1'])) });

beforeEach(() => {
  root = temporaryFolder();
  changed = [];
  write('packages/contracts/package.json', manifest());
  write('packages/chassis/package.json', manifest('contracts'));
  write('services/task-api/package.json', manifest('chassis'));
  write('services/user-api/package.json', manifest());
  for (const folder of ['packages/contracts', 'packages/chassis', 'services/task-api', 'services/user-api']) {
    write(`${folder}/src/index.ts`, '1');
  }
});
afterEach(async () => {
  await stop();
  rmSync(root, { recursive: true, force: true });
});

const noticed = () => until('the change is noticed', () => changed.length > 0);

test('reports changes in a service and in what it imports, repeatedly, however they are written', async () => {
  const watch = () => watchSources(['task-api', 'user-api'], (service) => changed.push(service), root);
  stop = await watch();
  write('services/user-api/src/index.ts', '2');
  await noticed();
  expect(new Set(changed)).toEqual(new Set(['user-api']));

  // Another one, for which that is over: on a busy machine, a change may be noticed twice.
  await stop();
  stop = await watch();
  for (let round = 0; round < 3; round += 1) {
    changed = [];
    write('packages/contracts/src/new.ts', String(round));
    renameSync(join(root, 'packages/contracts/src/new.ts'), join(root, 'packages/contracts/src/index.ts'));
    await noticed();
    expect(new Set(changed)).toEqual(new Set(['task-api']));
  }
});
