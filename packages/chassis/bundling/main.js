'use strict';
// Runs the bundled service beside this file, with V8's code cache. A cache of another Node version, or none, makes the start slower and
// changes nothing else.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { constants, Script } = require('node:vm');

const filename = join(__dirname, 'service.js');

/** @param name under which debuggers and stack traces know the file; a cache contains its own */
function compile(cachedData, name = filename) {
  // V8 only accepts a cache under the flags with which it was created. The size of its heap, which is set for some services, was decided
  // before this line.
  setFlagsFromString('--max-old-space-size=0');
  return new Script(readFileSync(filename, 'utf8'), {
    filename: name,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

function run(script) {
  Error.prepareStackTrace = (error, frames) =>
    [error, ...frames.map((frame) => `    at ${inSources(String(frame))}`)].join('\n');
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, __dirname);
}

/** Names the source of a line, if it is one of ours. The list is only read when there is an error to show. */
let stretches;
function inSources(frame) {
  const [position, line] = /\S*[/\\]service\.js:(\d+):\d+/.exec(frame.replace('(', '( ')) ?? [];
  if (!line) return frame;
  try {
    stretches ??= JSON.parse(readFileSync(join(__dirname, 'service.lines.json'), 'utf8'));
  } catch {
    stretches = [];
  }
  const found = stretches.findLast(({ first }) => first <= Number(line));
  const original = found?.lines[Number(line) - found.first];
  return original ? frame.replace(position, `${found.source}:${original}`) : frame;
}

function readCache() {
  try {
    return readFileSync(join(__dirname, 'service.cache'));
  } catch {
    return undefined;
  }
}

module.exports = { compile, run };
if (require.main === module) run(compile(readCache()));
