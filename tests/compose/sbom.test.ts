// Whether the SBOM in an image lists exactly the npm packages in it: npm run test:compose.
import { execFileSync } from 'node:child_process';
import { serviceNames } from '#topology';
import { composed, engineAnswers } from './docker.js';

/** The packages in the web UI, whose scripts are minified and name none. */
const IN_UI = ['bootstrap', 'eventsource', 'eventsource-parser', 'oauth4webapi', 'preact', 'swagger-ui-dist'];

interface Sbom {
  metadata: { component: { purl: string } };
  components: { name: string; version: string; purl: string; hashes: unknown[] }[];
}

(engineAnswers() ? describe : describe.skip)('the SBOM of an image', () => {
  beforeAll(async () => (await composed()).compose('build', ...serviceNames), 600_000);

  it.each(serviceNames)('lists what is in it, and nothing else: %s', (service) => {
    const bundle = `/app/services/${service}/bundle`;
    const { components, metadata } = JSON.parse(inImage(service, `cat ${bundle}/sbom.cdx.json`)) as Sbom;
    expect(metadata.component.purl).toContain(`pkg:npm/%40millrace/${service}@`);

    // esbuild marks where each module begins. Tracing is a separate bundle.
    const modules = inImage(
      service,
      `grep -hoE '^ *// .*node_modules/.*' ${bundle}/service.js ${bundle}/tracing.js`,
    );
    const bundled = [...modules.matchAll(/^.*node_modules\/((?:@[^/\n]+\/)?[^/\n]+)/gm)].map(
      ([, name]) => name!,
    );
    const find = `find /app/node_modules -name package.json -exec cat {} + 2>/dev/null || true`;
    const manifests = inImage(service, find)
      .split(/^(?=\{)/m)
      .filter(Boolean);
    const installed = manifests
      .map((text) => JSON.parse(text) as { name?: string; version?: string })
      // Some packages have further files of this name, which only say how to load a folder.
      .filter(({ name, version }) => name !== undefined && version !== undefined);
    const inUi = service === 'web-gateway' ? IN_UI : [];

    const listed = new Set(components.map(({ purl }) => decodeURIComponent(purl.replace(/^pkg:npm\//, ''))));
    for (const { name, version } of installed) expect(listed).toContain(`${name}@${version}`);
    const names = [...listed].map((purl) => purl.slice(0, purl.lastIndexOf('@')));
    const present = new Set([...bundled, ...inUi, ...installed.map(({ name }) => name!)]);
    expect([...new Set(names)].sort()).toEqual([...present].sort());
    for (const { hashes } of components) expect(hashes).toHaveLength(1);
  });
});

function inImage(service: string, command: string): string {
  const run = [
    'run',
    '--rm',
    '--network',
    'none',
    '--entrypoint',
    'sh',
    `millrace/${service}:dev`,
    '-c',
    command,
  ];
  return execFileSync('docker', run, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
