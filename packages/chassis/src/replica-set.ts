import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Pool } from 'undici';

/** One replica of a service, as its callers know it. */
export interface Replica {
  pool: Pool;
  /** The Host header: the service's name, whatever the address. */
  host: string;
  inFlight: number;
  /** Passed over until then, unless all are, as it was not reachable (performance.now()). */
  restUntil: number;
}

export interface ReplicaSet {
  /** The replicas known now. The first call waits for their addresses; later ones refresh them on the side. */
  current(): Promise<Replica[]>;
  /** Breaks all connections. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 1_000;
/** A new replica gets work, and a gone one is forgotten, at most so long after DNS tells. */
const REFRESH_EVERY_MS = 1_000;

/**
 * All replicas behind a list of URLs. A host name may stand for many: every address that DNS has for it is a replica
 * (containers of one Compose service, a headless Service in Kubernetes).
 */
export function createReplicaSet(urls: string[]): ReplicaSet {
  const origins = urls.map((url) => new URL(url));
  const replicas = new Map<string, Replica>();
  let refreshedAt = -Infinity;
  let refreshing: Promise<void> | undefined;

  const refresh = async () => {
    const lists = await Promise.all(origins.map(addressesOf));
    // A name that cannot be looked up just now keeps the addresses it had.
    const known = new Map<string, string>();
    for (const [index, origin] of origins.entries()) {
      const addresses = lists[index];
      if (addresses) for (const address of addresses) known.set(at(origin, address), origin.host);
      else for (const [url, { host }] of replicas) if (host === origin.host) known.set(url, host);
    }
    for (const [url, host] of known) {
      if (replicas.has(url)) continue;
      const pool = new Pool(url, { connect: { timeout: CONNECT_TIMEOUT_MS } });
      replicas.set(url, { pool, host, inFlight: 0, restUntil: 0 });
    }
    for (const [url, { pool }] of replicas) {
      if (known.has(url)) continue;
      replicas.delete(url);
      // What is still in flight there comes to its end first.
      pool.close().catch(() => undefined);
    }
    refreshedAt = performance.now();
  };

  return {
    async current() {
      if (performance.now() - refreshedAt > REFRESH_EVERY_MS) {
        refreshing ??= refresh().finally(() => (refreshing = undefined));
        if (replicas.size === 0) await refreshing;
      }
      return [...replicas.values()];
    },
    async close() {
      await Promise.all([...replicas.values()].map(({ pool }) => pool.destroy()));
    },
  };
}

/** The addresses behind a URL's host, of one family only, as most servers listen on both; undefined: not known now. */
async function addressesOf({ hostname }: URL): Promise<string[] | undefined> {
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal)) return [literal];
  const found = await lookup(hostname, { all: true, order: 'ipv4first' }).catch(() => []);
  return found.length > 0
    ? found.filter(({ family }) => family === found[0]!.family).map(({ address }) => address)
    : undefined;
}

function at(origin: URL, address: string): string {
  const url = new URL(origin);
  url.hostname = isIP(address) === 6 ? `[${address}]` : address;
  return url.origin;
}
