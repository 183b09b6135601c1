import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { step, tryStep } from './steps.mjs';

const isRoot = process.getuid?.() === 0;

/**
 * What npm does not install, with the oldest suitable version: Nginx writes its first errors to a configurable place from 1.19.5 on, and
 * Redis has users from 6.0 on.
 */
const servers = [
  { program: 'redis-server', apt: 'redis-server', other: 'redis', oldest: '6.0', version: /v=([\d.]+)/ },
  { program: 'nginx', apt: 'nginx', other: 'nginx', oldest: '1.19.5', version: /nginx\/([\d.]+)/ },
];

/** Installs redis-server and nginx where they are missing; throws, with instructions, when that needs a person. */
export async function installServers() {
  const missing = servers.filter(({ program }) => !findProgram(program));
  if (missing.length > 0) await install(missing);
  servers.forEach(checkVersion);
}

/** Reports at once the options and directives that Nginx and Redis would not understand. */
function checkVersion({ program, oldest, version }) {
  const { stdout, stderr } = spawnSync(findProgram(program), ['-v'], { encoding: 'utf8' });
  const [, found] = version.exec(`${stdout}${stderr}`) ?? [];
  if (!found || !isOlder(found, oldest)) return;
  throw new Error(
    `${program} ${found} is too old: Millrace needs ${oldest} or newer. Install a newer one, or start with Docker Compose.`,
  );
}

function isOlder(version, oldest) {
  const [mine, wanted] = [version, oldest].map((text) => text.split('.').map(Number));
  const differs = wanted.findIndex((number, index) => number !== (mine[index] ?? 0));
  return differs >= 0 && (mine[differs] ?? 0) < wanted[differs];
}

async function install(missing) {
  const programs = missing.map(({ program }) => program).join(' and ');
  const managers = [
    { command: 'brew', packages: missing.map(({ other }) => other), install: installWithBrew },
    { command: 'apt-get', packages: missing.map(({ apt }) => apt), install: installWithApt },
    { command: 'dnf', packages: missing.map(({ other }) => other), install: installWithDnf },
    { command: 'apk', packages: missing.map(({ other }) => other), install: installWithApk },
  ];
  // brew also exists on Linux, where root has the system's package manager and brew refuses to run.
  const manager = managers.find(({ command }) => findProgram(command) && !(command === 'brew' && isRoot));
  if (!manager)
    throw new Error(
      `${programs} missing. Install them with your system's package manager, then start again.`,
    );

  const { command, packages, install: installWith } = manager;
  const sudo = command === 'brew' || isRoot ? [] : ['sudo', '-n'];
  if (sudo.length > 0 && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) {
    const verb = command === 'apk' ? 'add' : 'install';
    throw new Error(`${programs} missing. Install with: sudo ${command} ${verb} ${packages.join(' ')}`);
  }
  await installWith(packages, sudo);
  const still = missing.filter(({ program }) => !findProgram(program)).map(({ program }) => program);
  if (still.length > 0)
    throw new Error(`${command} installed ${packages.join(' ')}, but there is no ${still.join(', ')}.`);
}

/**
 * Debian's packages start their servers at once, and at every boot. A mask in /run prevents that during the installation, and disappears at
 * a reboot if this is interrupted; without systemd, the init scripts obey RUNLEVEL.
 */
async function installWithApt(packages, sudo) {
  // If another installation is in progress, for example of a second checkout, this waits for it.
  const options = ['-q', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
  const variables = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
  const [command, ...args] = [...sudo, ...variables, 'apt-get'];
  const [systemctl, ...systemctlArgs] = [...sudo, 'systemctl'];
  const units = packages.map((name) => `${name}.service`);
  const hasSystemd = existsSync('/run/systemd/system');

  // An installation fails when the package list is missing or old: then, and only then, it is downloaded.
  const isListed = spawnSync('apt-cache', ['show', ...packages], { stdio: 'ignore' }).status === 0;
  if (!isListed) await step('Updating the package list (apt-get)', command, [...args, 'update', '-q']);
  if (hasSystemd)
    spawnSync(systemctl, [...systemctlArgs, 'mask', '--runtime', ...units], { stdio: 'ignore' });
  try {
    const install = ['install', ...options, ...packages];
    const label = `Installing ${packages.join(' and ')} (apt-get; only the programs, not as system services)`;
    const isInstalled = await tryStep(label, command, [...args, ...install]);
    if (!isInstalled) {
      await step('Updating the package list (apt-get)', command, [...args, 'update', '-q']);
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
