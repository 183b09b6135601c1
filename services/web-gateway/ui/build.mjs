// Bundles the web UI and the API reference into dist/ui: their pages, and assets/ with a hash of their content in their names, so that
// browsers can cache them forever. `--watch` rebuilds whenever a source changes.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';
import { bundledOf } from '../../../packages/chassis/bundling/bundle.mjs';

const sources = dirname(fileURLToPath(import.meta.url));
const output = join(sources, '../dist/ui');
const root = join(sources, '../../..');
const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const watch = process.argv.includes('--watch');

const pages = ['index.html', 'reference/reference.html'];

const bundles = [
  // A module, so that code that only few pages need (sign-in) is loaded on demand.
  { format: 'esm', splitting: true, entryPoints: ['main.tsx'] },
  {
    format: 'iife',
    entryPoints: [
      ...['theme.ts', 'style/main.css', 'icon.svg'],
      ...['reference/reference.ts', 'reference/reference.css'],
    ],
  },
];
/** What is in the bundles built so far. */
const metafiles = new Map();

/** Once all are built, writes the pages with the names of their assets, and which packages are in these; removes old assets. */
const writePages = (bundle) => ({
  name: 'pages',
  setup(build) {
    build.onEnd(({ errors, metafile }) => {
      if (errors.length > 0) return;
      metafiles.set(bundle, metafile);
      if (metafiles.size < bundles.length) return;
      const built = [...metafiles.values()];
      const files = built.flatMap(({ outputs }) => Object.keys(outputs).map((path) => basename(path)));
      mkdirSync(output, { recursive: true });
      for (const page of pages)
        writeFileSync(
          join(output, basename(page)),
          withAssets(readFileSync(join(sources, page), 'utf8'), files),
        );
      const packages = bundledOf(...built).map((folder) => relative(root, join(sources, folder)));
      writeFileSync(join(output, 'packages.json'), JSON.stringify(packages));
      for (const file of ['LICENSE', 'NOTICE'])
        copyFileSync(join(swaggerUi, file), join(output, `swagger-ui.${file}`));
      for (const file of readdirSync(join(output, 'assets')))
        if (!files.includes(file)) rmSync(join(output, 'assets', file));
    });
  },
});

/** `asset:main.js` in a page becomes the path of main-HASH.js. */
function withAssets(html, files) {
  return html.replace(/asset:([\w-]+)\.(\w+)/g, (_whole, name, type) => {
    const file = files.find(
      (candidate) => candidate.startsWith(`${name}-`) && candidate.endsWith(`.${type}`),
    );
    if (!file) throw new Error(`A page names ${name}.${type}, which is not among ${files.join(', ')}`);
    return `/ui/assets/${file}`;
  });
}

for (const bundle of bundles) {
  const bundler = await context({
    ...bundle,
    absWorkingDir: sources,
    outdir: output,
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    bundle: true,
    minify: !watch,
    sourcemap: watch && 'inline',
    metafile: true,
    target: 'es2022',
    conditions: ['millrace-source'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    legalComments: 'eof',
    logLevel: 'warning',
    plugins: [writePages(bundle)],
  });
  if (watch) {
    await bundler.watch();
  } else {
    await bundler.rebuild().catch(() => (process.exitCode = 1));
    await bundler.dispose();
  }
}
