/** The load generator: a separate process, so that the suite's own work does not delay requests. */
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
