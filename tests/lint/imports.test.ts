import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../../local/paths.js';

/** The rules that the imports of these files break, each with the file, according to `npm run lint`. */
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
    const { summary } = JSON.parse(stdout) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    return summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const imports = (path: string) => `import { x } from '${path}';\nexport const y = x;\n`;
const leaf = 'export const x = 1;\n';

/** By the rule that each breaks, and the first file that breaks it. */
const planted: Record<string, Record<string, string>> = {
  'no-circles': {
    'packages/a/src/one.ts': "import type { Two } from './two.js';\nexport type One = Two | 1;\n",
    'packages/a/src/two.ts': "import type { One } from './one.js';\nexport type Two = One | 2;\n",
  },
  'services-are-apart': {
    'services/a/src/app.ts': imports('../../b/src/x.js'),
    'services/b/src/x.ts': leaf,
  },
  'routes-are-apart': {
    'services/a/src/jobs/events-route.ts': imports('./routes.js'),
    'services/a/src/jobs/routes.ts': leaf,
  },
  'ui-imports-contracts': {
    'services/web-gateway/ui/app.tsx': imports('../../../packages/chassis/src/http/x.js'),
    'packages/chassis/src/http/x.ts': leaf,
  },
  'test-support-is-below': {
    'tests/support/x.ts': imports('../api/x.js'),
    'tests/api/x.ts': leaf,
  },
  'chassis-stores': {
    'packages/chassis/src/stores/redis/client.ts': imports('../../http/app.js'),
    'packages/chassis/src/http/app.ts': leaf,
  },
  'tracing-is-apart': {
    'packages/chassis/src/http/spans.ts': imports('@opentelemetry/api'),
    'node_modules/@opentelemetry/api/package.json': '{"name":"@opentelemetry/api","main":"index.js"}',
    'node_modules/@opentelemetry/api/index.js': 'exports.x = 1;',
  },
  'no-unresolvable': { 'packages/a/src/three.ts': imports('./gone.js') },
};

it('finds each import that breaks a rule, and no other', () => {
  const inOrder = { 'services/c/src/app.ts': imports('./x.js'), 'services/c/src/x.ts': leaf };
  const broken = brokenRules(Object.assign({}, inOrder, ...Object.values(planted)) as Record<string, string>);
  expect(broken).toEqual(
    expect.arrayContaining(
      Object.entries(planted).map(([rule, files]) => `${rule}: ${Object.keys(files)[0]}`),
    ),
  );
  expect(broken.filter((line) => line.includes('services/c/'))).toEqual([]);
});
