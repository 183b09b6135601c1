// Whether npm run audit:offline finds a fault in a copy of the repository. Run it once to install its tools: without them, this is skipped.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const audit = (folder: string, name: string) =>
  spawnSync(process.execPath, [join(root, 'scripts/audit/main.mjs'), '--installed', '--only', name], {
    cwd: folder,
    encoding: 'utf8',
  });

/** A fault for each check: the file, what to replace, and a word of the finding. */
const faults: [check: string, path: string, from: string, to: string, finding: string][] = [
  ['hadolint', 'services/bw-worker/Dockerfile', 'node:24-bookworm-slim', 'node:latest', 'DL3007'],
  ['shellcheck', 'docker/entrypoint', 'exec "$@"', 'exec $@', 'SC2068'],
  ['actionlint', '.github/workflows/ci.yaml', 'matrix.node', 'matrix.nodes', 'nodes'],
  ['zizmor', '.github/workflows/ci.yaml', 'persist-credentials: false', 'fetch-depth: 1', 'artipacked'],
  [
    'lockfile-lint',
    'package-lock.json',
    '"integrity":',
    '"resolved": "http://mirror.example/x", $&',
    'mirror.example',
  ],
  ['kube-score', 'k8s/bw-worker.yaml', 'readOnlyRootFilesystem: true', '# $&', 'CRITICAL'],
  ['kube-score', 'overlays/components/traces/jaeger.yaml', 'readOnlyRootFilesystem: true', '# $&', 'jaeger'],
  [
    'gixy',
    'nginx/routes.conf',
    'server {',
    '$& location ~ /go/(.*) { return 302 http://$host$uri; }',
    'http_splitting',
  ],
  ['gixy', 'nginx/listen', 'ssl_protocols TLSv1.2', 'ssl_protocols TLSv1 TLSv1.2', 'weak_ssl_tls'],
];

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'millrace-audit-test-'));
  const known = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
  });
  for (const path of known
    .toString()
    .split('\0')
    .filter((file) =>
      /^(\.github|docker|k8s|nginx|overlays|scripts|services\/[^/]+\/Dockerfile)|package-lock\.json$/.test(
        file,
      ),
    ))
    cpSync(join(root, path), join(copy, path));
  execFileSync('git', ['init', '--quiet'], { cwd: copy });
});
afterAll(() => rmSync(copy, { recursive: true }));

test('there is a fault for each check', () => {
  const { stdout } = spawnSync(process.execPath, [join(root, 'scripts/audit/main.mjs'), '--help'], {
    encoding: 'utf8',
  });
  const [, names] = /one check: (.*)/.exec(stdout)!;
  expect([...new Set(faults.map(([check]) => check))].sort()).toEqual(names!.split(', ').sort());
});

describe.each(faults)('%s, of %s', (check, path, from, to, finding) => {
  it('finds nothing, but a planted fault', () => {
    const clean = audit(copy, check);
    if (clean.stdout.includes('skipped')) {
      console.warn(clean.stdout);
      return;
    }
    expect(clean).toMatchObject({ status: 0, stdout: expect.stringContaining('0 findings') });
    const file = join(copy, path);
    const text = readFileSync(file, 'utf8');
    expect(text.includes(from)).toBe(true);
    writeFileSync(file, text.replace(from, to));
    try {
      const { status, stderr } = audit(copy, check);
      expect(status).toBe(1);
      expect(stderr).toContain(finding);
    } finally {
      writeFileSync(file, text);
    }
  }, 120_000);
});
