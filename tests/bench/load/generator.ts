/** The load generator: a process of its own, so that what the suite does meanwhile does not delay a request. */
import type { Load } from './load.js';
import { sendLoad } from './send-load.js';

process.on('message', (load: Load) => {
  sendLoad(load).then(
    (result) => process.send!({ result }),
    (error: unknown) => process.send!({ error: (error as Error).message }),
  );
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
