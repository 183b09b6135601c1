#!/usr/bin/env node
// Bundles a service, and puts into runtime/ what runs of it: lay-out SERVICE
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../packages/chassis/bundling/bundle.mjs';

const [service] = process.argv.slice(2);
const { externals, bundled } = await bundle(service);

const folder = join('services', service);
for (const part of ['package.json', 'bundle', 'migrations', 'dist/ui']) {
  const path = join(folder, part);
  if (existsSync(path)) cpSync(path, join('runtime', path), { recursive: true });
}
for (const path of new Set(externals.flatMap((name) => [...withDependencies(name)]))) {
  cpSync(path, join('runtime', path), { recursive: true });
}
writeFileSync(join('runtime', folder, 'bundle/licenses.txt'), bundled.map(licenseOf).join('\n'));

/** The folders of a package and of all that it needs, as far as it is installed: most of sharp's are for other platforms. */
function* withDependencies(name) {
  const path = join('node_modules', name);
  if (!existsSync(path)) return;
  yield path;
  const { dependencies, optionalDependencies } = read(path);
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    yield* withDependencies(needed);
}

function licenseOf(path) {
  const { name, version, license } = read(path);
  const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(join(path, file), 'utf8') : ''}\n`;
}

function read(path) {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
}
