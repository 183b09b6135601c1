/** Requests that are all alike, sent by so many clients, each as fast as it is answered. */
export interface Load {
  /** Without a path: http://127.0.0.1:8080 */
  url: string;
  method: 'GET' | 'POST';
  /** `{n}` becomes a number of eight digits, another one for each request. */
  path: string;
  /** JSON, unless `type` says otherwise; `{n}` as in the path, unless it is a Buffer. */
  body?: string | Buffer;
  type?: string;
  clients: number;
  /** The status of every answer: another one ends the run with an error. */
  status: number;
  /** How long new requests are sent, in ms. */
  ms?: number;
  /** How many requests are sent. Default: as many as fit into `ms`. */
  requests?: number;
}

export interface LoadResult {
  requests: number;
  /** From the first request to the last answer. */
  ms: number;
  /** In ms. */
  p50: number;
  p95: number;
  p99: number;
  /** What the load generator itself took of the CPU. */
  cpuMs: number;
  /** The last answer's body. */
  sample: string;
}
