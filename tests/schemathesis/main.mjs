// Fuzzes the API from its description with schemathesis: npm run test:schemathesis. Against the stack at MILLRACE_URL, or a local one that is
// started here. Needs Python; schemathesis is installed into .local/schemathesis.
//   --planted         tests instead whether it finds planted faults
//   other options     are passed on to schemathesis, such as --seed 7
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { describe } from './description.mjs';
import { install } from './install.mjs';
import { plant, PLANTED } from './planted.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const home = join(root, '.local/schemathesis');
const config = join(root, 'tests/schemathesis/schemathesis.toml');

/** The minimum number of requests in a run. */
const CASES_MIN = 10_000;
/** How many per operation, in each phase of fuzzing. */
const EXAMPLES = '450';
const PROCESSES_MAX = 4;

const options = [
  ...['--phases', 'examples,coverage,fuzzing', '--request-timeout', '10', '--no-color', '--warnings', 'off'],
  // In processes instead of threads, which share one processor and break Python's parser.
  ...['--workers', '1', '--continue-on-failure', '--no-shrink', '--generation-database', 'none'],
  ...['--checks', 'all'],
  // Valid input may still be refused: a key that was used for something else, a cursor without a row, a damaged image.
  ...['--exclude-checks', 'positive_data_acceptance'],
];

/** So that nothing is refused for lack of space, and no image is delayed artificially. */
const env = {
  'task-api': { SCHEDULED_LIMIT: '1000000', IMAGE_BACKLOG_LIMIT: '1000000', JOB_BACKLOG_LIMIT: '1000000' },
  'blur-worker': { BLUR_DELAY_MS: '0' },
};

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  const command = install(home);
  const stack = process.env.MILLRACE_URL ? undefined : await startLocal();
  try {
    const url = process.env.MILLRACE_URL ?? stack.url;
    const response = await fetch(`${url}/openapi.json`);
    const { operations, text } = describe(await response.json());
    const file = join(home, 'openapi.json');
    writeFileSync(file, text);
    /** @param ids of operations */
    const fuzz = (ids, target, ...further) => {
      const included = ids.flatMap((id) => ['--include-operation-id', id]);
      return run(command, [
        '--config-file',
        config,
        'run',
        file,
        '--url',
        target,
        ...options,
        ...included,
        ...further,
      ]);
    };
    return args.includes('--planted')
      ? await findPlanted(url, fuzz)
      : await fuzzAll(operations, url, fuzz, args);
  } finally {
    await stack?.stop();
  }
}

/** @returns the exit status */
async function fuzzAll(operations, url, fuzz, args) {
  const shares = Array.from({ length: Math.min(PROCESSES_MAX, availableParallelism()) }, () => []);
  operations.forEach((id, index) => shares[index % shares.length].push(id));
  const begun = performance.now();
  const runs = await Promise.all(shares.map((ids) => fuzz(ids, url, '--max-examples', EXAMPLES, ...args)));
  const seconds = Math.round((performance.now() - begun) / 1_000);
  const cases = runs.reduce((sum, { output }) => sum + Number(/(\d+) generated/.exec(output)?.[1] ?? 0), 0);
  // A made-up path may be long.
  for (const { output } of runs) process.stdout.write(output.replace(/^(.{2000}).+$/gm, '$1…'));
  console.log(`\n${operations.length} operations, ${cases} requests in ${seconds} s`);
  if (cases < CASES_MIN) console.error(`There should have been at least ${CASES_MIN}.`);
  return Math.max(...runs.map(({ status }) => status), cases < CASES_MIN ? 1 : 0);
}

/** @returns the exit status: 0 when each planted fault is found */
async function findPlanted(url, fuzz) {
  const proxy = await plant(url);
  try {
    const { status, output } = await fuzz(Object.keys(PLANTED), proxy.url, '--max-examples', '50');
    const missing = Object.entries(PLANTED).filter(([, { finding }]) => !output.includes(finding));
    if (status !== 0 && missing.length === 0) {
      console.log(`It found each planted fault: ${Object.keys(PLANTED).join(', ')}`);
      return 0;
    }
    console.error(`${output}\nIt did not find: ${missing.map(([id]) => id).join(', ')} (status ${status})`);
    return 1;
  } finally {
    proxy.stop();
  }
}

function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: home });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve, reject) =>
    child.on('error', reject).on('close', (code) => resolve({ status: code ?? 1, output })),
  );
}

function startLocal() {
  const { startStack } = createRequire(import.meta.url)(join(root, 'local/dist/stack/stack.js'));
  return startStack({ port: 'free', env });
}
