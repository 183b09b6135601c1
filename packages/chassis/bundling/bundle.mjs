// Bundles services: node packages/chassis/bundling/bundle.mjs SERVICE…
//
// services/SERVICE/bundle/ then holds what runs: service.js (the service with everything it imports, readable), main.js (which runs it),
// service.cache (its V8 code cache), service.lines.json (where its lines come from, for stack traces),
// service.js.map (for debuggers), and tracing.js (OpenTelemetry, loaded only while tracing is on).
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { argv, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');

/** Stays in node_modules: native code, and optional packages that others try to require. */
const external = ['sharp', 'pg-native'];

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  conditions: ['millrace-source'],
  metafile: true,
  logLevel: 'warning',
};

/**
 * Bundles one service. Resolves to the names of the packages that it requires from node_modules, and to the folders of those that it
 * contains.
 */
export async function bundle(service) {
  const folder = join(root, 'services', service);
  // Built beside its place and then renamed, so that a running or starting service never sees half of it.
  const made = join(folder, `bundle.${process.pid}`);
  mkdirSync(made, { recursive: true });
  try {
    const outputFile = join(made, 'service.js');
    const { metafile } = await build({
      ...common,
      entryPoints: [join(folder, 'src/main.ts')],
      outfile: outputFile,
      external,
      plugins: [samePackagesOnce, noLocales, tracingApart],
      // The value of the file is a function, like the one that Node makes of each module: main.js calls it.
      banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
      footer: { js: '})' },
      sourcemap: 'linked',
      sourcesContent: false,
    });
    const tracing = await build({
      ...common,
      entryPoints: [join(root, 'packages/tracing/src/index.ts')],
      outfile: join(made, 'tracing.js'),
    });
    writeFileSync(outputFile, asciiOnly(readFileSync(outputFile, 'utf8')));
    writeFileSync(join(made, 'service.lines.json'), JSON.stringify(linesOf(outputFile)));
    copyFileSync(join(here, 'main.js'), join(made, 'main.js'));
    await promisify(execFile)(execPath, [join(here, 'make-code-cache.js'), made, join(folder, 'bundle')], {
      cwd: folder,
    });
    replace(join(folder, 'bundle'), made);
    return { externals: externalsOf(metafile), bundled: bundledOf(metafile, tracing.metafile) };
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** npm cannot always put a package where all others find it, and then installs the same version in several places. */
const samePackagesOnce = {
  name: 'same-packages-once',
  setup({ onResolve, resolve }) {
    const known = new Map();
    onResolve({ filter: /^(mime-db|mime-types)$/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === 'resolving') return undefined;
      const { path: file } = await resolve(path, { ...rest, pluginData: 'resolving' });
      const [packageFolder] = file.match(/^.*\/node_modules\/[^/]+\//);
      const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
      const key = `${path}@${version}`;
      if (!known.has(key)) known.set(key, file);
      return { path: known.get(key) };
    });
  },
};

/** zod has its messages in fifty languages, which would take half a megabyte in each process. */
const noLocales = {
  name: 'no-locales',
  setup({ onResolve }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ importer, resolveDir }) =>
      importer.includes('/node_modules/zod/') ? { path: join(resolveDir, '../locales/en.js') } : undefined,
    );
  },
};

/** A separate file beside the service's: while tracing is off, it is neither read nor compiled. */
const tracingApart = {
  name: 'tracing-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^@millrace\/tracing$/ }, () => ({ path: './tracing.js', external: true }));
  },
};

/** A single en dash in a comment makes V8 use two bytes for every character of the file. Outside of comments, esbuild escapes what is not ASCII. */
function asciiOnly(source) {
  return source.replace(/^.*[^\0-\x7f].*$/gm, (line) => {
    const start = line.search(/\/[/*]|^\s*\*/);
    return start < 0 ? line : line.slice(0, start) + line.slice(start).replace(/[^\0-\x7f]/g, '?');
  });
}

/**
 * For each range of lines that come from one of our own sources: its first line in the bundle, the source, and the source line of each. A
 * source map of everything would take 50 to 100 MB when the first error is logged.
 */
function linesOf(outputFile) {
  const map = new SourceMap(JSON.parse(readFileSync(`${outputFile}.map`, 'utf8')));
  const stretches = [];
  const count = readFileSync(outputFile, 'utf8').split('\n').length;
  for (let line = 0; line < count; line += 1) {
    // The last column, because a line's first mapping may lie behind its indentation.
    const { originalSource, originalLine, generatedLine } = map.findEntry(line, 1e6);
    if (generatedLine !== line || originalSource.includes('node_modules')) continue;
    const source = relative(root, resolve(dirname(outputFile), originalSource));
    const last = stretches.at(-1);
    if (last?.source === source && last.first + last.lines.length === line + 1)
      last.lines.push(originalLine + 1);
    else stretches.push({ first: line + 1, source, lines: [originalLine + 1] });
  }
  return stretches;
}

/** Requiring those that are not installed fails, as it would without a bundle. */
function externalsOf({ outputs }) {
  const imports = Object.values(outputs).flatMap((output) => output.imports);
  return external.filter((name) => imports.some(({ path, external: isOut }) => isOut && path === name));
}

/** The folders of the packages in bundles. */
export function bundledOf(...metafiles) {
  const folders = metafiles.flatMap(({ inputs }) =>
    Object.keys(inputs).flatMap((path) => path.match(/^.*node_modules\/(@[^/]+\/)?[^/]+/)?.[0] ?? []),
  );
  return [...new Set(folders)].sort();
}

function replace(folder, made) {
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
}

if (argv[1] === fileURLToPath(import.meta.url)) await Promise.all(argv.slice(2).map(bundle));
