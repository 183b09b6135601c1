#!/usr/bin/env node
// Bundles a service, and puts the files that it needs at run time into runtime/: lay-out SERVICE
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../packages/chassis/bundling/bundle.mjs';
import { sbom } from './sbom.mjs';

const [service] = process.argv.slice(2);
const { externals, bundled } = await bundle(service);

const folder = join('services', service);
for (const part of ['package.json', 'bundle', 'migrations', 'dist/ui']) {
  const path = join(folder, part);
  if (existsSync(path)) cpSync(path, join('runtime', path), { recursive: true });
}
const installed = [...new Set(externals.flatMap((name) => [...withDependencies(name)]))];
for (const path of installed) cpSync(path, join('runtime', path), { recursive: true });

const ui = join(folder, 'dist/ui/packages.json');
const inUi = existsSync(ui) ? JSON.parse(readFileSync(ui, 'utf8')) : [];
const within = [...new Set([...bundled, ...inUi])];
writeFileSync(join('runtime', folder, 'bundle/licenses.txt'), within.map(licenseOf).join('\n'));
const contents = sbom(nameOf(folder), [...within, ...installed].map(nameOf));
writeFileSync(join('runtime', folder, 'bundle/sbom.cdx.json'), JSON.stringify(contents, null, 2));

/** The folders of a package and of everything it needs, if installed: most of sharp's packages are for other platforms. */
function* withDependencies(name, parent = '') {
  const path = [join(parent, 'node_modules', name), join('node_modules', name)].find((place) =>
    existsSync(place),
  );
  if (!path) return;
  yield path;
  const { dependencies, optionalDependencies } = read(path);
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    yield* withDependencies(needed, path);
}

function nameOf(path) {
  const { name, version } = read(path);
  return `${name}@${version}`;
}

function licenseOf(path) {
  const { name, version, license } = read(path);
  const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(join(path, file), 'utf8') : ''}\n`;
}

function read(path) {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
}
