// Renders overlays/ on k8s/: most of their files are patches, which mean nothing by themselves.
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { files } from './files.mjs';
import { run } from './tools.mjs';

const OVERLAYS = 'overlays';
const COMPONENTS = join(OVERLAYS, 'components');
/** The folder that a component changes, if not production. */
const BASES = { 'keda-auth': 'keda' };

/** @returns for each overlay, and each component on an overlay, the path of what it renders to, and how many files are its own */
export function renderedOverlays() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-audit-'));
  return [
    ...foldersIn(OVERLAYS).map((name) => write(folder, name, join(OVERLAYS, name))),
    ...foldersIn(COMPONENTS).map((name) => {
      const component = join(COMPONENTS, name);
      return write(folder, name, withComponent(component, join(OVERLAYS, BASES[name] ?? 'prod')), component);
    }),
  ];
}

function foldersIn(folder) {
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'kustomization.yaml')));
}

/** A folder with an overlay of both. */
function withComponent(component, base) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-audit-'));
  const [resources, components] = [base, component].map((path) => [relative(folder, path)]);
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify({ resources, components }));
  return folder;
}

function write(folder, name, overlay, own = overlay) {
  const { status, output } = run('kustomize', 'go', ['build', overlay]);
  if (status !== 0) throw new Error(`overlays/: ${output}`);
  const path = join(folder, `${own.replaceAll('/', '-')}.yaml`);
  writeFileSync(path, output);
  return { path, reads: files(`${own}/*`).length };
}
