import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../../local/paths.js';

/** The rules that the imports of these files break, according to `npm run lint`. */
function brokenRules(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lint-'));
  try {
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.base.json', 'tsconfig.check.json']) {
      cpSync(join(repositoryRoot, name), join(folder, name));
    }
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const depcruise = join(repositoryRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const folders = [...new Set(Object.keys(files).map((name) => name.split('/')[0]!))].filter(
      (name) => name !== 'node_modules',
    );
    const { stdout, stderr } = spawnSync(process.execPath, [depcruise, '--output-type', 'json', ...folders], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (!stdout) throw new Error(stderr);
    const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
    return summary.violations.map(({ rule }) => rule.name);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const imports = (path: string) => `import { x } from '${path}';\nexport const y = x;\n`;
const leaf = 'export const x = 1;\n';

it.each([
  [
    'a circle',
    'no-circles',
    {
      'packages/a/src/one.ts': "import type { Two } from './two.js';\nexport type One = Two | 1;\n",
      'packages/a/src/two.ts': "import type { One } from './one.js';\nexport type Two = One | 2;\n",
    },
  ],
  [
    'a service that imports another one',
    'services-are-apart',
    { 'services/a/src/app.ts': imports('../../b/src/x.js'), 'services/b/src/x.ts': leaf },
  ],
  [
    'a route that imports another one',
    'routes-are-apart',
    { 'services/a/src/jobs/events-route.ts': imports('./routes.js'), 'services/a/src/jobs/routes.ts': leaf },
  ],
  [
    'the UI importing more than contracts',
    'ui-imports-contracts',
    {
      'services/web-gateway/ui/app.tsx': imports('../../../packages/chassis/src/http/x.js'),
      'packages/chassis/src/http/x.ts': leaf,
    },
  ],
  [
    'test support that knows a suite',
    'test-support-is-below',
    { 'tests/support/x.ts': imports('../api/x.js'), 'tests/api/x.ts': leaf },
  ],
  [
    'a store that knows HTTP',
    'chassis-stores',
    {
      'packages/chassis/src/stores/redis/client.ts': imports('../../http/app.js'),
      'packages/chassis/src/http/app.ts': leaf,
    },
  ],
  [
    'OpenTelemetry outside of its package',
    'tracing-is-apart',
    {
      'packages/chassis/src/http/app.ts': imports('@opentelemetry/api'),
      'node_modules/@opentelemetry/api/package.json': '{"name":"@opentelemetry/api","main":"index.js"}',
      'node_modules/@opentelemetry/api/index.js': 'exports.x = 1;',
    },
  ],
  ['an import that leads nowhere', 'no-unresolvable', { 'packages/a/src/one.ts': imports('./gone.js') }],
])('finds %s', (_what, rule, files) => {
  expect(brokenRules(files)).toContain(rule);
});

it('finds nothing when everything is in order', () => {
  const files = { 'services/a/src/app.ts': imports('./x.js'), 'services/a/src/x.ts': leaf };
  expect(brokenRules(files)).toEqual([]);
});
