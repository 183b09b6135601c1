/** Identical requests, sent by a number of clients, each as fast as the responses come. */
export interface Load {
  /** Without a path: http://127.0.0.1:8080 */
  url: string;
  method: 'GET' | 'POST';
  /** `{n}` becomes an eight-digit number, a different one for each request. */
  path: string;
  /** JSON, unless `type` says otherwise; `{n}` as in the path, unless it is a Buffer. */
  body?: string | Buffer;
  type?: string;
  /** An access token. Default: none is sent. */
  token?: string;
  clients: number;
  /** The status of every response: any other ends the run with an error. */
  status: number;
  /** How long new requests are sent, in ms. */
  ms?: number;
  /** How many requests are sent. Default: as many as fit into `ms`. */
  requests?: number;
}

export interface LoadResult {
  requests: number;
  /** From the first request to the last response. */
  ms: number;
  /** In ms. */
  p50: number;
  p95: number;
  p99: number;
  /** The load generator's own CPU time. */
  cpuMs: number;
  /** The last response's body. */
  sample: string;
}
