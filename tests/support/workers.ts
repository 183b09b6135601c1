// The real workers, for tests of their callers.
export { createApp as createBlurWorker } from '../../services/blur-worker/src/app.js';
export { createApp as createBwWorker } from '../../services/bw-worker/src/app.js';
export { createApp as createTextWorker } from '../../services/text-worker/src/app.js';
