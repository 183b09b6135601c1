// Bundles the web UI into dist/ui: index.html, and assets/ with a hash of their content in their names, so that browsers can
// cache them forever. `--watch` rebuilds whenever a source changes.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';

const sources = dirname(fileURLToPath(import.meta.url));
const output = join(sources, '../dist/ui');
const watch = process.argv.includes('--watch');

/** Writes the page with the names of its assets, and removes old assets. */
const page = {
  name: 'page',
  setup(build) {
    build.onEnd(({ errors, metafile }) => {
      if (errors.length > 0) return;
      const files = Object.keys(metafile.outputs).map((path) => basename(path));
      const template = readFileSync(join(sources, 'index.html'), 'utf8');
      const html = template.replace(/asset:([\w-]+)\.(\w+)/g, (_whole, name, type) => {
        const file = files.find(
          (candidate) => candidate.startsWith(`${name}-`) && candidate.endsWith(`.${type}`),
        );
        if (!file)
          throw new Error(`index.html names ${name}.${type}, which is not among ${files.join(', ')}`);
        return `/ui/assets/${file}`;
      });
      mkdirSync(output, { recursive: true });
      writeFileSync(join(output, 'index.html'), html);
      for (const file of readdirSync(join(output, 'assets')))
        if (!files.includes(file)) rmSync(join(output, 'assets', file));
    });
  },
};

const bundler = await context({
  absWorkingDir: sources,
  entryPoints: ['main.tsx', 'theme.ts', 'style/main.css', 'icon.svg'],
  outdir: output,
  entryNames: 'assets/[name]-[hash]',
  bundle: true,
  minify: !watch,
  sourcemap: watch && 'inline',
  metafile: true,
  format: 'iife',
  target: 'es2022',
  conditions: ['millrace-source'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'copy' },
  legalComments: 'eof',
  logLevel: 'warning',
  plugins: [page],
});
if (watch) {
  await bundler.watch();
} else {
  await bundler.rebuild().catch(() => (process.exitCode = 1));
  await bundler.dispose();
}
