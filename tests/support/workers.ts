// The real workers, for the tests of those that call them.
export { createApp as createBlurWorker } from '../../services/blur-worker/src/app.js';
export { createApp as createBwWorker } from '../../services/bw-worker/src/app.js';
export { createApp as createTextWorker } from '../../services/text-worker/src/app.js';
