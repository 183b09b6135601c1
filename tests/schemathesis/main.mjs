// Fuzzes the API from its description with schemathesis: npm run test:schemathesis [-- further options of schemathesis]. Against the stack at
// MILLRACE_URL, or a local one that is started here. Needs Python; schemathesis is installed into .local/schemathesis.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = join(root, '.local/schemathesis');
const requirements = join(root, 'tests/schemathesis/requirements.txt');

/** For each operation, in each way of generating input: 10,000 cases in all. */
const EXAMPLES = process.env.SCHEMATHESIS_EXAMPLES ?? '150';

const options = [
  ...['--phases', 'examples,coverage,fuzzing', '--max-examples', EXAMPLES, '--request-timeout', '10'],
  ...['--workers', '2', '--continue-on-failure', '--no-color', '--warnings', 'off'],
  // A stream does not end, and a run of the lab takes long.
  ...['--exclude-path-regex', 'events$|^/lab/'],
  ...['--checks', 'all'],
  // What the schema allows may still be refused: a key that was used for something else, a page after no row, a damaged image.
  ...['--exclude-checks', 'positive_data_acceptance'],
];

process.exitCode = await main();

async function main() {
  install();
  const stack = process.env.MILLRACE_URL ? undefined : await startLocal();
  try {
    const url = process.env.MILLRACE_URL ?? stack.url;
    const file = join(home, 'openapi.json');
    const response = await fetch(`${url}/openapi.json`);
    writeFileSync(file, JSON.stringify(await response.json(), withoutUnicodeProperties));
    const args = ['run', file, '--url', url, ...options, ...process.argv.slice(2)];
    const child = spawn(join(home, 'venv/bin/schemathesis'), args, { stdio: 'inherit', cwd: home });
    return await new Promise((resolve, reject) =>
      child.on('error', reject).on('exit', (code) => resolve(code ?? 1)),
    );
  } finally {
    await stack?.stop();
  }
}

/** Python has no Unicode properties in patterns. Without them, more is generated: it is refused with a 422, which is described. */
function withoutUnicodeProperties(key, value) {
  return key === 'pattern' && /\\[pP]\{/.test(value) ? undefined : value;
}

function install() {
  const stamp = join(home, 'installed');
  const pinned = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === pinned) return;
  mkdirSync(home, { recursive: true });
  const pip = [
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--only-binary',
    ':all:',
    '--require-hashes',
  ];
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', join(home, 'venv')],
    [join(home, 'venv/bin/pip'), ...pip, '--requirement', requirements],
  ]) {
    const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
    if (status !== 0)
      throw new Error(
        'schemathesis could not be installed: it needs Python 3.10 or newer and access to PyPI.',
        { cause: error },
      );
  }
  writeFileSync(stamp, pinned);
}

function startLocal() {
  const { startStack } = createRequire(import.meta.url)(join(root, 'local/dist/stack/stack.js'));
  return startStack({ port: 'free' });
}
