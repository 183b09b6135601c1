import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { root, step } from './steps.mjs';

/**
 * Each output folder holds a stamp: the digests of the sources that it was built from, and of the outputs. If either does not match, it is
 * built again. File times are not used, because checkouts, copies and clocks change them.
 */
const stampName = 'build.json';
const gateway = 'services/web-gateway';
const ui = {
  by: 'bundler',
  output: `${gateway}/dist/ui`,
  sources: [`${gateway}/ui`, 'packages/contracts/src'],
};

/** Compiles and bundles what has changed, and what was removed or damaged; does not check types. */
export async function build() {
  if (staleUnits().length === 0) return;
  await withLock(buildStale);
}

/** Like `build`, with the types checked, which takes as long again. */
export function buildChecked() {
  return withLock(async () => {
    await buildStale();
    await compile(['--pretty', 'false']);
    const shared = sharedDigests();
    for (const unit of projects()) writeStamp(unit, shared);
  });
}

async function buildStale() {
  // Checked again: whoever had the lock may have done the work.
  const stale = staleUnits();
  const staleProjects = stale.filter(({ by }) => by === 'compiler');
  const stalePages = stale.filter((unit) => unit === ui);
  const staleServices = stale.filter(({ service }) => service).map(({ service }) => service);
  // Without its record, the compiler builds the whole project. The outputs stay in the meantime.
  for (const { output } of staleProjects) rmSync(join(root, output, 'tsconfig.tsbuildinfo'), { force: true });
  await Promise.all([
    staleProjects.length > 0 && compile(['--noCheck', '--pretty', 'false']),
    stalePages.length > 0 && bundleUi(),
    staleServices.length > 0 && bundleServices(staleServices),
  ]);
  // All of them, because the compiler also builds what depends on those.
  const made = [...projects(), ...stale.filter(({ by }) => by === 'bundler')];
  const shared = sharedDigests();
  for (const unit of made) writeStamp(unit, shared);
}

async function compile(options) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await step('Compiling', process.execPath, [compiler, '-b', ...options], { quietMs: 700 });
}

/** Bundling takes less time than the compiling that runs in parallel, and does not need its output. */
function bundleUi() {
  return step('Bundling the web UI', process.execPath, [`${gateway}/ui/build.mjs`], { quietMs: 700 });
}

function bundleServices(services) {
  const bundler = 'packages/chassis/bundling/bundle.mjs';
  return step('Bundling the services', process.execPath, [bundler, ...services], { quietMs: 700 });
}

/** The compiler's outputs. */
function projects() {
  const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  return references.map(({ path }) => ({ by: 'compiler', output: `${path}/dist`, sources: [path] }));
}

/** What runs: each service with the packages. */
function bundles() {
  const services = projects().flatMap(({ sources: [path] }) => (path.startsWith('services/') ? [path] : []));
  return services.map((path) => ({
    by: 'bundler',
    service: path.slice('services/'.length),
    output: `${path}/bundle`,
    sources: [path],
  }));
}

function staleUnits() {
  const shared = sharedDigests();
  return [...projects(), ...bundles(), ui].filter((unit) => {
    const stamp = readStamp(unit);
    return stamp?.sources !== sourcesDigest(unit, shared) || stamp.outputs !== outputsDigest(unit);
  });
}

function readStamp({ output }) {
  try {
    return JSON.parse(readFileSync(join(root, output, stampName), 'utf8'));
  } catch {
    return undefined;
  }
}

function writeStamp(unit, shared) {
  const path = join(root, unit.output, stampName);
  mkdirSync(join(root, unit.output), { recursive: true });
  const stamp = { sources: sourcesDigest(unit, shared), outputs: outputsDigest(unit) };
  // Renamed into place, so that it is never incomplete.
  writeFileSync(`${path}.new`, JSON.stringify(stamp));
  renameSync(`${path}.new`, path);
}

/** What affects every unit: the compiler's options and the installed packages; and what is in every service's bundle. */
function sharedDigests() {
  return {
    all: digest(['tsconfig.base.json', 'node_modules/.package-lock.json']),
    // V8's code cache belongs to one version of Node.
    bundles: process.version + digest(filesIn('packages', isSource)),
  };
}

function sourcesDigest({ sources, service }, { all, bundles }) {
  return all + (service ? bundles : '') + digest(sources.flatMap((folder) => filesIn(folder, isSource)));
}

function isSource(path) {
  return !path.endsWith('.test.ts') && !/(^|\/)(dist|bundle(\.\d+)?|node_modules|ui)$/.test(path);
}

/** The web UI is among the outputs of the gateway, and has its own stamp. */
function outputsDigest({ output }) {
  const isOutput = (path) => path !== join(output, stampName) && (path !== ui.output || output === ui.output);
  return digest(filesIn(output, isOutput));
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const path = join(root, file);
    // Large, and irrelevant to what runs: V8 validates its cache itself.
    const content = /\/bundle\/service\.(cache|js\.map)$/.test(file) ? lengthOf(path) : readOrNothing(path);
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Another process may be building, and have removed the file since it was listed. */
function readOrNothing(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

function lengthOf(path) {
  return String(statSync(path, { throwIfNoEntry: false })?.size);
}

/** Every file in a folder of the repository, in order; none when there is no such folder. */
function filesIn(folder, isWanted) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map((entry) => ({ entry, path: join(folder, entry.name) }))
    .filter(({ path }) => isWanted(path))
    .flatMap(({ entry, path }) => (entry.isDirectory() ? filesIn(path, isWanted) : [path]));
}
