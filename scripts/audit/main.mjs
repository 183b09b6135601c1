#!/usr/bin/env node
// Checks what ESLint and the compiler do not read: npm run audit:offline. It asks no service about this repository: only the first run needs
// the network, to install the tools.
import { parseArgs } from 'node:util';
import { checks } from './checks.mjs';
import { installed, run } from './tools.mjs';

const USAGE = `Usage: npm run audit:offline -- [options]

  --only NAME      one check: ${checks.map(({ name }) => name).join(', ')}
  --installed      do not install tools: skip the checks whose tools are missing
  --help           show this help

Status 0: no findings. 1: findings. 2: a tool could not be installed.
`;

process.exitCode = main(process.argv.slice(2));

function main(args) {
  let options;
  try {
    ({ values: options } = parseArgs({
      args,
      options: {
        only: { type: 'string' },
        installed: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    return usage(error.message);
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const chosen = checks.filter(({ name }) => options.only === undefined || name === options.only);
  if (chosen.length === 0) return usage(`There is no check "${options.only}".`);
  return Math.max(...chosen.map((check) => audit(check, options.installed)));
}

/** Runs one check and prints a line about it, or what it found. @returns the exit status */
function audit({ name, from, runs, noise = '' }, onlyInstalled) {
  try {
    if (!installed(name, from, !onlyInstalled)) {
      console.log(`${name}: skipped, not installed`);
      return 0;
    }
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    return 2;
  }
  let findings = 0;
  let files = 0;
  for (const { args, reads } of runs()) {
    const { status, output } = run(name, from, args);
    files += reads;
    if (status === 0) continue;
    findings += 1;
    console.error(output.replaceAll(noise, ''));
  }
  if (files === 0) {
    console.error(`${name}: found no files to check`);
    return 1;
  }
  console.log(`${name}: ${files} files, ${findings === 0 ? '0 findings' : 'findings above'}`);
  return findings === 0 ? 0 : 1;
}

function usage(problem) {
  console.error(`${problem}\n\n${USAGE}`);
  return 1;
}
