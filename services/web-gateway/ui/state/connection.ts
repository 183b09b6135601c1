import { onUnreachable } from '../api/failure.js';
import { createStore } from './store.js';

/** Whether the server can be reached, according to requests and to the browser. */
export const isConnected = createStore(navigator.onLine);

const PROBE_EVERY_MS = 2_000;
let timer: number | undefined;

/** Asks again and again until the server responds. */
function connectionLost(): void {
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

onUnreachable(connectionLost);
addEventListener('offline', connectionLost);
addEventListener('online', () => void probe());
if (!navigator.onLine) connectionLost();
