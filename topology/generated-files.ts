import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Liquid } from 'liquidjs';
import { variableName } from './services.js';

const root = join(__dirname, '..');
const statement = 'topology/services.ts';
const mark = `generated from ${statement} by \`npm run generate\``;

// A tag on its own line leaves no empty line.
const liquid = new Liquid({
  root: join(__dirname, 'templates'),
  strictVariables: true,
  strictFilters: true,
  lenientIf: true,
  trimTagLeft: true,
  trimTagRight: true,
  greedy: false,
});
liquid.registerFilter('variable', variableName);

/** What each file must contain, and which files to edit to change that. */
const files = new Map<string, { text: string; sources: string[] }>();

/** Makes a whole file. */
export function makeFile(path: string, template: string, data: object, sources = sourcesOf(template)): void {
  files.set(path, { text: render(template, data), sources });
}

/** Makes a whole file from a text that is generated elsewhere. */
export function makeText(path: string, text: string, sources: string[]): void {
  files.set(path, { text, sources });
}

/** Fills a hand-written file between its lines `NAME: generated from …` and `end of NAME`: the template once for each item. */
export function makePart(
  path: string,
  name: string,
  template: string,
  items: object[],
  separator = '',
): void {
  const between = new RegExp(`(?<=^.* ${name}: ${mark}.*\\n)[^]*?(?=^.* end of ${name}\\b)`, 'm');
  if (!between.test(read(path)))
    throw new Error(`${path} needs two lines, "${name}: ${mark}" and "end of ${name}".`);
  const text = items.map((item) => render(template, item)).join(separator);
  files.set(path, { text: read(path).replace(between, () => text), sources: sourcesOf(template) });
}

/** Sets part of a line in a hand-written file. */
export function makeLine(path: string, line: RegExp, text: string, sources: string[]): void {
  files.set(path, { text: read(path).replace(line, () => text), sources });
}

/** The file as it will be: generated so far, otherwise as on disk. */
export function read(path: string): string {
  return files.get(path)?.text ?? readFileSync(join(root, path), 'utf8');
}

/** The names of the manifests that will be in k8s/. */
export function manifestFiles(): string[] {
  const made = [...files.keys()].filter((path) => path.startsWith('k8s/'));
  const kept = manifestsOnDisk().filter((path) => !orphans().includes(path));
  return [...new Set([...made, ...kept])].map((path) => basename(path)).sort();
}

export function writeFiles(): void {
  for (const [path, { text }] of files) writeFileSync(join(root, path), text);
  for (const path of orphans()) rmSync(join(root, path));
}

/** Which files differ from what would be written, and what to edit instead. */
export function problems(): string[] {
  const differing = [...files].filter(([path, { text }]) => onDisk(path) !== text);
  return [
    ...differing.map(
      ([path, { sources }]) =>
        `${path} differs from what \`npm run generate\` writes. Edit ${sources.join(' or ')} instead, then run it.`,
    ),
    ...orphans().map(
      (path) => `${path} belongs to no service in ${statement}. Run \`npm run generate\` to remove it.`,
    ),
  ];
}

/** Generated manifests of services that no longer exist. */
function orphans(): string[] {
  return manifestsOnDisk().filter(
    (path) => !files.has(path) && read(path).startsWith(`# Generated from ${statement}`),
  );
}

function manifestsOnDisk(): string[] {
  const names = readdirSync(join(root, 'k8s')).filter((name) => name.endsWith('.yaml'));
  return names.map((name) => `k8s/${name}`);
}

function render(template: string, data: object): string {
  return liquid.renderFileSync(`${template}.liquid`, data) as string;
}

function sourcesOf(template: string): string[] {
  return [statement, `topology/templates/${template}.liquid`];
}

function onDisk(path: string): string | undefined {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
}
