import { readFile } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Pool } from 'undici';
import { createCircuitBreaker } from './circuit-breaker.js';
import { connectorTo } from './over-tls.js';
import { CONNECT_TIMEOUT_MS, type Replica, TLS_CONNECT_TIMEOUT_MS } from './replica.js';
import type { ServiceTls } from '../process/tls/tls.js';

export interface ReplicaSet {
  /** The replicas known now. The first call waits for their addresses; later calls refresh them in the background. */
  current(): Promise<Replica[]>;
  /** The same without a refresh: none before the first call. */
  known(): Replica[];
  /** Breaks all connections. */
  close(): Promise<void>;
}

/** How long after its source changes, at most, a new replica gets work and a removed one is forgotten. */
const REFRESH_EVERY_MS = 1_000;

/**
 * All replicas behind a list of URLs. Each URL is a source of replicas: a host name stands for every address that DNS has for it (the
 * containers of a Compose service, a headless Service in Kubernetes); a `file:///path` names a file with their base URLs, one per line
 * (local processes). A source that cannot be read at the moment keeps the replicas it had.
 *
 * @param secure reaches them with TLS, whatever the URLs say; their certificates must have this name. Default: as the URLs say
 */
export function createReplicaSet(urls: string[], secure?: { name: string; tls: ServiceTls }): ReplicaSet {
  const sources = urls.map((url) => {
    const source = new URL(url);
    return source.protocol === 'file:' ? () => urlsInFile(source) : () => addressesOf(source);
  });
  const found: Origin[][] = sources.map(() => []);
  const replicas = new Map<string, Replica>();
  let refreshedAt = -Infinity;
  let refreshing: Promise<void> | undefined;

  const refresh = async () => {
    const news = await Promise.all(sources.map((read) => read().catch(() => undefined)));
    for (const [index, origins] of news.entries()) if (origins) found[index] = origins;
    const known = new Map(
      found.flat().map(({ url, host }) => [secure ? url.replace(/^http:/, 'https:') : url, host]),
    );
    for (const [url, host] of known) {
      if (replicas.has(url)) continue;
      const pool = new Pool(url, { connect: howToConnect(secure) });
      replicas.set(url, { url, pool, host, inFlight: 0, breaker: createCircuitBreaker() });
    }
    for (const [url, { pool }] of replicas) {
      if (known.has(url)) continue;
      replicas.delete(url);
      // Requests that are still in flight there finish first.
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
    known: () => [...replicas.values()],
    async close() {
      await Promise.all([...replicas.values()].map(({ pool }) => pool.destroy()));
    },
  };
}

/** A replica's own, with sessions that it can resume. */
function howToConnect(secure: { name: string; tls: ServiceTls } | undefined) {
  return secure
    ? connectorTo(secure.name, secure.tls, TLS_CONNECT_TIMEOUT_MS)
    : { timeout: CONNECT_TIMEOUT_MS };
}

interface Origin {
  url: string;
  host: string;
}

/** The addresses behind a URL's host, of one family only, as most servers listen on both. */
async function addressesOf(origin: URL): Promise<Origin[]> {
  const literal = origin.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal)) return [{ url: origin.origin, host: origin.host }];
  const addresses = await lookup(origin.hostname, { all: true, order: 'ipv4first' });
  return addresses
    .filter(({ family }) => family === addresses[0]!.family)
    .map(({ address }) => ({ url: at(origin, address), host: origin.host }));
}

/** @throws when the file cannot be read, or contains anything but URLs, for example while it is being written */
async function urlsInFile(file: URL): Promise<Origin[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const { origin, host } = new URL(line.trim());
    return { url: origin, host };
  });
}

function at(origin: URL, address: string): string {
  const url = new URL(origin);
  url.hostname = isIP(address) === 6 ? `[${address}]` : address;
  return url.origin;
}
