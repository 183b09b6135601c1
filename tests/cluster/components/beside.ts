// A second stack on a small node, in its own namespace.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Manifest, parseManifests, root } from '../../k8s/manifests.js';

/** Renders a folder together with some of overlays/components. */
export function render(folder: string, components: string[]): Manifest[] {
  const overlay = mkdtempSync(join(tmpdir(), 'millrace-overlay-'));
  try {
    const path = (to: string) => relative(overlay, join(root, to));
    const kustomization = {
      resources: [path(folder)],
      components: components.map((name) => path(`overlays/components/${name}`)),
    };
    writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization));
    return parseManifests(execFileSync('kubectl', ['kustomize', overlay], { encoding: 'utf8' }));
  } finally {
    rmSync(overlay, { recursive: true });
  }
}

/** The same in another namespace, without a node port or an Ingress, and with little CPU reserved. */
export function moved(manifests: Manifest[], namespace: string, version: string): Manifest[] {
  return manifests
    .filter(({ kind }) => kind !== 'Ingress')
    .map((manifest) => {
      const copy = JSON.parse(
        JSON.stringify(manifest)
          .replaceAll('.millrace.svc.', `.${namespace}.svc.`)
          .replaceAll('//task-api.millrace:', `//task-api.${namespace}:`)
          .replace(/("image":"millrace\/[a-z-]+):dev"/g, `$1:${version}"`)
          .replace(/("requests":\{"cpu":)"\d+m"/g, '$1"10m"')
          .replace(/,?"nodePort":\d+/, '')
          .replace('"type":"NodePort"', '"type":"ClusterIP"'),
      ) as Manifest;
      if (copy.kind === 'Namespace') copy.metadata.name = namespace;
      else copy.metadata.namespace = namespace;
      return copy;
    });
}

/** @throws with kubectl's message */
export async function apply(objects: object[]): Promise<void> {
  const command = spawn('kubectl', ['apply', '--filename', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  command.stdin.end(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const [complaints, [status]] = await Promise.all([text(command.stderr), once(command, 'exit')]);
  if (status !== 0) throw new Error(complaints);
}
