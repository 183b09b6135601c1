import { createStore } from './store.js';

/** Can the server be reached? Told by the requests that fail and succeed, and by the browser. */
export const isConnected = createStore(navigator.onLine);

const PROBE_EVERY_MS = 2_000;
let timer: number | undefined;

/** After a request that got no answer at all: asks again and again, until there is one. */
export function connectionLost(): void {
  if (isConnected.get()) isConnected.set(false);
  timer ??= window.setTimeout(() => void probe(), PROBE_EVERY_MS);
}

async function probe(): Promise<void> {
  timer = undefined;
  try {
    await fetch('/', { method: 'HEAD', cache: 'no-store' });
    isConnected.set(true);
  } catch {
    connectionLost();
  }
}

addEventListener('offline', connectionLost);
addEventListener('online', () => void probe());
if (!navigator.onLine) connectionLost();
