'use strict';
// Runs the bundled service in FOLDER until it has responded, and saves the code that V8 has compiled: make-code-cache.js FOLDER PLACE.
// PLACE is the folder's final path.
const diagnostics = require('node:diagnostics_channel');
const { writeFileSync } = require('node:fs');
const { get } = require('node:http');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');

const [folder, place] = process.argv.slice(2);

// Required settings. Nothing is reached at these addresses, and nothing is requested before the service listens.
const nowhere = 'http://127.0.0.1:9';
process.env = {
  ...{ PORT: '0', HOST: '127.0.0.1', POD_NAME: 'cache', LOG_LEVEL: 'silent' },
  ...{ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '9', POSTGRES_USER: 'none', POSTGRES_PASSWORD: 'none' },
  ...{ REDIS_URL: 'redis://127.0.0.1:9', RATE_LIMIT_REDIS_URL: 'redis://127.0.0.1:9' },
  ...{ TASK_API_URLS: nowhere, USER_API_URLS: nowhere },
  ...{
    QUEUE_WORKER_URLS: nowhere,
    TEXT_WORKER_URLS: nowhere,
    BLUR_WORKER_URLS: nowhere,
    BW_WORKER_URLS: nowhere,
  },
};

const { compile, run } = require(join(folder, 'main.js'));
const script = compile(undefined, join(place, 'service.js'));

diagnostics.subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => {
  // Also the path of a request, and that of one without a response.
  const base = `http://127.0.0.1:${server.address().port}`;
  get(`${base}/livez`, (live) => {
    live.resume();
    get(`${base}/nothing`, (nothing) => {
      nothing.resume().on('end', () => {
        // V8 only accepts a cache under the flags with which it was created: here without what the service has set (expectLargeBuffers).
        setFlagsFromString('--heap-growing-percent=0');
        writeFileSync(join(folder, 'service.cache'), script.createCachedData());
        process.exit(0);
      });
    });
  });
});
run(script);
