// Fuzzes the API from its description with schemathesis: npm run test:schemathesis [-- further options of schemathesis]. Against the stack at
// MILLRACE_URL, or a local one that is started here. Needs Python; schemathesis is installed into .local/schemathesis.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const home = join(root, '.local/schemathesis');
const requirements = join(root, 'tests/schemathesis/requirements.txt');

const KEY_PATTERN = '^[\\x21-\\x7e]{1,255}$';
/** For each operation, in each way of generating input: 10,000 cases in all. */
const EXAMPLES = process.env.SCHEMATHESIS_EXAMPLES ?? '300';

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
    writeFileSync(file, JSON.stringify(await response.json(), relaxed));
    const args = ['run', file, '--url', url, ...options, ...process.argv.slice(2)];
    const child = spawn(join(home, 'venv/bin/schemathesis'), args, { stdio: 'inherit', cwd: home });
    return await new Promise((resolve, reject) =>
      child.on('error', reject).on('exit', (code) => resolve(code ?? 1)),
    );
  } finally {
    await stack?.stop();
  }
}

/**
 * What is left out of the description. More is generated then, and refused with a 422 or 400, which are described.
 */
function relaxed(key, value) {
  // Python has no Unicode properties in patterns.
  if (key === 'pattern' && /\\[pP]\{/.test(value)) return undefined;
  // HTTP trims a header, and to Nginx an empty one is none.
  if (key === 'pattern' && value === KEY_PATTERN) return undefined;
  // schemathesis makes a regular expression of the length, which Python cannot parse.
  if (key === 'maxLength' && value > 20_000) return undefined;
  return value;
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
