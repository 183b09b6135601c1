import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { root, step } from './steps.mjs';

/**
 * Each folder of outputs holds a stamp: the digests of the sources that it was made from, and of what was made. Where either is not
 * what lies there now, it is made anew. Times are not asked, which change with a checkout, a copy or a clock.
 */
const stampName = 'build.json';
const gateway = 'services/web-gateway';
const ui = {
  output: `${gateway}/dist/ui`,
  sources: [`${gateway}/ui`, 'packages/contracts/src'],
};

/** Compiles and bundles what has changed, and what was removed or damaged; of types it knows nothing. */
export async function build() {
  if (staleUnits().length === 0) return;
  await withLock(buildStale);
}

/** As `build`, with the types checked, which takes as long again. */
export function buildChecked() {
  return withLock(async () => {
    await buildStale();
    await compile(['--pretty', 'false']);
    projects().forEach(writeStamp);
  });
}

async function buildStale() {
  // Looked at again: whoever had the lock may have done it.
  const stale = staleUnits();
  const [stalePages, staleProjects] = [stale.filter(isUi), stale.filter((unit) => !isUi(unit))];
  // Without its record the compiler makes the whole project. Its outputs stay meanwhile: services may run from them.
  for (const { output } of staleProjects) rmSync(join(root, output, 'tsconfig.tsbuildinfo'), { force: true });
  await Promise.all([
    staleProjects.length > 0 && compile(['--noCheck', '--pretty', 'false']),
    stalePages.length > 0 && bundle(),
  ]);
  // All, because the compiler also makes what depends on those.
  [...projects(), ...stalePages].forEach(writeStamp);
}

async function compile(options) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await step('Compiling', process.execPath, [compiler, '-b', ...options], { quietMs: 700 });
}

/** The web UI, which takes less time than the compiling beside it. */
function bundle() {
  return step('Bundling', process.execPath, [`${gateway}/ui/build.mjs`], { quietMs: 700 });
}

/** What is made together: the compiled projects, and the web UI. */
function projects() {
  const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  return references.map(({ path }) => ({ output: `${path}/dist`, sources: [path] }));
}

function isUi(unit) {
  return unit === ui;
}

function staleUnits() {
  const shared = sharedDigest();
  return [...projects(), ui].filter((unit) => {
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

function writeStamp(unit) {
  const path = join(root, unit.output, stampName);
  mkdirSync(join(root, unit.output), { recursive: true });
  const stamp = { sources: sourcesDigest(unit, sharedDigest()), outputs: outputsDigest(unit) };
  // Renamed into its place, so that there is never half of it.
  writeFileSync(`${path}.new`, JSON.stringify(stamp));
  renameSync(`${path}.new`, path);
}

/** What concerns every unit: the compiler's options, and whatever npm has installed. */
function sharedDigest() {
  return digest(['tsconfig.base.json', 'node_modules/.package-lock.json']);
}

function sourcesDigest({ sources }, shared) {
  const isSource = (path) => !path.endsWith('.test.ts') && !/(^|\/)(dist|node_modules|ui)$/.test(path);
  return shared + digest(sources.flatMap((folder) => filesIn(folder, isSource)));
}

/** The web UI lies among the outputs of the gateway, and has a stamp of its own. */
function outputsDigest({ output }) {
  const isOutput = (path) => path !== join(output, stampName) && (path !== ui.output || output === ui.output);
  return digest(filesIn(output, isOutput));
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readOrNothing(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Another process may build just now, and have removed the file since it was listed. */
function readOrNothing(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
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
