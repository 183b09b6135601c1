'use strict';
// Runs the bundled service in FOLDER until it has answered, and keeps what V8 has compiled of it: make-code-cache.js FOLDER PLACE
// PLACE is where the folder will lie.
const diagnostics = require('node:diagnostics_channel');
const { writeFileSync } = require('node:fs');
const { get } = require('node:http');
const { join } = require('node:path');

const [folder, place] = process.argv.slice(2);

// What the services must be told. Nothing is reached there, and nothing is asked before they listen.
const nowhere = 'http://127.0.0.1:9';
process.env = {
  ...{ PORT: '0', HOST: '127.0.0.1', POD_NAME: 'cache', LOG_LEVEL: 'silent' },
  ...{ POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: '9', POSTGRES_USER: 'none', POSTGRES_PASSWORD: 'none' },
  ...{ REDIS_URL: 'redis://127.0.0.1:9', TASK_API_URLS: nowhere, USER_API_URLS: nowhere },
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
  // The way of a request, too, and that of one without an answer.
  const base = `http://127.0.0.1:${server.address().port}`;
  get(`${base}/livez`, (live) => {
    live.resume();
    get(`${base}/nothing`, (nothing) => {
      nothing.resume().on('end', () => {
        writeFileSync(join(folder, 'service.cache'), script.createCachedData());
        process.exit(0);
      });
    });
  });
});
run(script);
