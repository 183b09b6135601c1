import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Liquid } from 'liquidjs';
import { variableName } from './services.js';

const root = join(__dirname, '..');
const statement = 'topology/services.ts';
const mark = `generated from ${statement} by \`npm run generate\``;

// A tag on a line of its own leaves no line.
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

/** What each file must be, and where to change that. */
const files = new Map<string, { text: string; sources: string[] }>();

/** A file that is made as a whole. */
export function makeFile(path: string, template: string, data: object, sources = sourcesOf(template)): void {
  files.set(path, { text: render(template, data), sources });
}

/** What lies in a hand-written file between the lines `NAME: generated from …` and `end of NAME`: the template for each item. */
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

/** A line of a hand-written file that follows from other files. */
export function makeLine(path: string, line: RegExp, text: string, sources: string[]): void {
  files.set(path, { text: read(path).replace(line, () => text), sources });
}

/** As the file will be, or as it is when nothing in it is generated. */
export function read(path: string): string {
  return files.get(path)?.text ?? readFileSync(join(root, path), 'utf8');
}

/** The manifests that will be in k8s/. */
export function manifestFiles(): string[] {
  const made = [...files.keys()]
    .filter((path) => path.startsWith('k8s/'))
    .map((path) => path.slice('k8s/'.length));
  const present = readdirSync(join(root, 'k8s')).filter((file) => !orphans().includes(`k8s/${file}`));
  return [...new Set([...present, ...made])].filter((file) => file.endsWith('.yaml')).sort();
}

export function writeFiles(): void {
  for (const [path, { text }] of files) writeFileSync(join(root, path), text);
  for (const path of orphans()) rmSync(join(root, path));
}

/** Says which files are not as they would be made, and what to edit instead. */
export function problems(): string[] {
  const differing = [...files].filter(([path, { text }]) => onDisk(path) !== text);
  return [
    ...differing.map(
      ([path, { sources }]) =>
        `${path} is not what \`npm run generate\` makes of ${sources.join(' or ')}: edit that, and run it.`,
    ),
    ...orphans().map((path) => `${path} is of no service of ${statement}: \`npm run generate\` removes it.`),
  ];
}

/** Manifests of services that are no longer there. */
function orphans(): string[] {
  const manifests = readdirSync(join(root, 'k8s')).filter((file) => file.endsWith('.yaml'));
  return manifests
    .map((file) => `k8s/${file}`)
    .filter((path) => !files.has(path) && read(path).startsWith(`# Generated from ${statement}`));
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
