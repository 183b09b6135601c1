// What local/prepare/ builds, in a checkout of two packages and a web UI.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from '../../tests/support/until.js';
import { repositoryRoot } from '../paths.js';
import { temporaryFolder } from '../supervise/test-support.js';

let root: string;

const at = (file: string) => join(root, file);
const read = (file: string) => readFileSync(at(file), 'utf8');
function write(file: string, content: string | object): void {
  mkdirSync(dirname(at(file)), { recursive: true });
  writeFileSync(at(file), typeof content === 'string' ? content : JSON.stringify(content));
}

/** Replaces esbuild, which is not under test here. */
const serviceBundler = `
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
for (const service of process.argv.slice(2)) {
  const folder = 'services/' + service;
  mkdirSync(folder + '/bundle', { recursive: true });
  const sources = [folder + '/src/main.ts', 'packages/contracts/src/index.ts'];
  writeFileSync(folder + '/bundle/service.js', sources.map((file) => readFileSync(file, 'utf8')).join(''));
}
`;

/** Writes the name of its source, and reports it. */
const bundler = `
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
const output = new URL('../dist/ui/assets/', import.meta.url);
mkdirSync(output, { recursive: true });
writeFileSync(new URL('page.js', output), readFileSync(new URL('page.ts', import.meta.url)));
`;

function makeCheckout(): void {
  root = temporaryFolder();
  cpSync(join(repositoryRoot, 'local/prepare'), at('local/prepare'), { recursive: true });
  cpSync(join(repositoryRoot, 'local/build.mjs'), at('local/build.mjs'));
  cpSync(join(repositoryRoot, 'tsconfig.base.json'), at('tsconfig.base.json'));
  mkdirSync(at('node_modules'));
  for (const name of ['typescript', '@types'])
    symlinkSync(join(repositoryRoot, 'node_modules', name), at(`node_modules/${name}`));
  write('node_modules/.package-lock.json', '{}');
  write('package.json', {});
  const one = 'packages/contracts';
  const two = 'services/web-gateway';
  write('tsconfig.json', { files: [], references: [{ path: one }, { path: two }] });
  for (const project of [one, two]) {
    write(`${project}/package.json`, { type: 'commonjs' });
    write(`${project}/tsconfig.json`, {
      extends: '../../tsconfig.base.json',
      compilerOptions: { rootDir: 'src', outDir: 'dist', types: [] },
      include: ['src'],
      references: project === two ? [{ path: '../../packages/contracts' }] : [],
    });
  }
  write(`${one}/src/index.ts`, `export const greeting = 'first';`);
  write(`${one}/src/other.ts`, `export const other = 1;`);
  write(`${two}/src/main.ts`, `export { greeting } from '../../../packages/contracts/dist/index.js';`);
  write(`${two}/ui/build.mjs`, bundler);
  write('packages/chassis/bundling/bundle.mjs', serviceBundler);
  write(`${two}/ui/page.ts`, 'the page');
}
const removeCheckout = () => rmSync(root, { recursive: true });

const command = [
  '--input-type=module',
  '-e',
  `const { build } = await import('./local/prepare/build.mjs'); await build();`,
];

function build(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([0, expect.any(String), '']);
}

/** Every output with its content. */
function outputs(): Record<string, string> {
  const folders = ['packages/contracts/dist', 'services/web-gateway/dist', 'services/web-gateway/bundle'];
  return Object.fromEntries(
    folders.flatMap((folder) =>
      readdirSync(at(folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]),
    ),
  );
}

describe('a checkout that was built', () => {
  let sound: Record<string, string>;

  beforeAll(() => {
    makeCheckout();
    build();
    sound = outputs();
  });
  afterAll(removeCheckout);

  test('is complete, and is not built again', () => {
    expect(read('packages/contracts/dist/index.js')).toContain('first');
    expect(read('services/web-gateway/dist/ui/assets/page.js')).toBe('the page');
    expect(read('services/web-gateway/bundle/service.js')).toContain('first');
    const compiler = at('node_modules/typescript');
    renameSync(compiler, `${compiler}.away`);
    build();
    renameSync(`${compiler}.away`, compiler);
  });

  test.each<[string, () => void]>([
    ['a folder of outputs', () => rmSync(at('packages/contracts/dist'), { recursive: true })],
    ['one output', () => rmSync(at('packages/contracts/dist/index.js'))],
    ['the half of an output', () => write('packages/contracts/dist/index.js', 'exports.gree')],
    ['the declarations alone', () => rmSync(at('packages/contracts/dist/index.d.ts'))],
    ["the compiler's record", () => rmSync(at('packages/contracts/dist/tsconfig.tsbuildinfo'))],
    [
      "the half of the compiler's record",
      () => write('packages/contracts/dist/tsconfig.tsbuildinfo', '{"ver'),
    ],
    ['the stamp', () => write('packages/contracts/dist/build.json', '')],
    ['the web UI', () => rmSync(at('services/web-gateway/dist/ui'), { recursive: true })],
    ['a part of the web UI', () => rmSync(at('services/web-gateway/dist/ui/assets'), { recursive: true })],
    ['the bundle of a service', () => rmSync(at('services/web-gateway/bundle'), { recursive: true })],
    ['the half of a bundle', () => write('services/web-gateway/bundle/service.js', 'export const gree')],
    ['everything of a service', () => rmSync(at('services/web-gateway/dist'), { recursive: true })],
  ])('rebuilds %s when it was removed or damaged', (_, damage) => {
    damage();
    build();
    expect(outputs()).toEqual(sound);
  });

  test("rebuilds what a changed source affects, whatever the source's file time", () => {
    build();
    write('packages/contracts/src/index.ts', `export const greeting = 'second';`);
    utimesSync(at('packages/contracts/src/index.ts'), 0, 0);
    write('services/web-gateway/ui/page.ts', 'another page');
    utimesSync(at('services/web-gateway/ui/page.ts'), 0, 0);
    build();
    expect(read('packages/contracts/dist/index.js')).toContain('second');
    expect(read('services/web-gateway/dist/ui/assets/page.js')).toBe('another page');
    expect(read('services/web-gateway/bundle/service.js')).toContain('second');
  });
});

describe('a checkout that was not built completely', () => {
  beforeEach(makeCheckout);
  afterEach(removeCheckout);

  test('finishes what was interrupted', async () => {
    const child = spawn(process.execPath, command, { cwd: root, stdio: 'ignore', detached: true });
    await until('the compiler writes', () => existsSync(at('packages/contracts/dist')));
    process.kill(-child.pid!, 'SIGKILL');
    await once(child, 'exit');
    build();
    expect(Object.keys(outputs())).toEqual(
      expect.arrayContaining(['packages/contracts/dist/other.js', 'services/web-gateway/dist/main.js']),
    );
  });

  test('waits for another process that builds the same checkout', async () => {
    // This compiler ends when it is told to.
    rmSync(at('node_modules/typescript'));
    write(
      'node_modules/typescript/bin/tsc',
      `const { existsSync, writeFileSync, unlinkSync, mkdirSync } = require('node:fs');
     writeFileSync('busy', '', { flag: 'wx' });
     const timer = setInterval(() => {
       if (!existsSync('go')) return;
       clearInterval(timer);
       unlinkSync('busy');
     }, 5);`,
    );
    const children = [1, 2].map(() => spawn(process.execPath, command, { cwd: root, detached: true }));
    const ended = Promise.all(children.map((child) => once(child, 'exit')));
    let said = '';
    for (const child of children) child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    await until('one of them waits', () => said.includes('waiting for it'));
    write('go', '');
    // The second process finds the work done.
    expect(await ended).toEqual([
      [0, null],
      [0, null],
    ]);
  });

  test('npm run build reports wrong types, with status 1', () => {
    write('packages/contracts/src/index.ts', `export const greeting: number = 'third';`);
    const wrong = spawnSync(process.execPath, ['local/build.mjs'], { cwd: root, encoding: 'utf8' });
    expect(wrong).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/error TS2322.*\nCompiling failed\.\n$/s),
    });
  });
});
