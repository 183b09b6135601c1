import http from 'node:http';
import { problemSchema, type Problem } from '@millrace/contracts';
import { endpointUrl } from './endpoint.js';

/** A schema of the contracts, reduced to what is used here. */
interface Schema<T> {
  parse(value: unknown): T;
}

export interface Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  /** From the first byte sent to the last byte received. */
  ms: number;
  /** How many times the response has a header; the name in lower case. */
  count(name: string): number;
  text(): string;
  json(): unknown;
  /** The JSON body, validated: everything that the schema requires, and nothing that it does not know. */
  as<T>(schema: Schema<T>): T;
}

export interface RequestOptions {
  method?: string | undefined;
  headers?: http.OutgoingHttpHeaders | undefined;
  body?: Buffer | string | undefined;
  /** Default: the stack under test. */
  url?: string | undefined;
}

/** One request over its own connection. The path is sent as it is. */
export function send(path: string, options: RequestOptions = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body, url = endpointUrl() } = options;
  const { hostname, port } = new URL(url);
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || 80,
      path,
      method,
      headers,
      agent: false,
    });
    // A response that came before the whole body was sent (413) counts, even if the connection breaks afterwards.
    let answered = false;
    request.on('error', (error) => {
      if (!answered) reject(error);
    });
    request.on('response', (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        request.destroy();
        resolve(toReply(response, Buffer.concat(chunks), performance.now() - begun));
      });
    });
    request.end(body);
  });
}

/** `send` with a JSON body. */
export function sendJson(method: string, path: string, value: unknown, options: RequestOptions = {}) {
  const headers = { 'Content-Type': 'application/json', ...options.headers };
  return send(path, { ...options, method, headers, body: JSON.stringify(value) });
}

/** POST /upload of a form, as `curl -F` sends it. Files are Buffers. `query` has no question mark. */
export async function upload(
  form: Record<string, string | Buffer>,
  { query = '', ...options }: RequestOptions & { query?: string } = {},
) {
  const data = new FormData();
  for (const [name, value] of Object.entries(form)) {
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, new Blob([new Uint8Array(value)], { type: 'image/jpeg' }), 'test.jpg');
  }
  const encoded = new Response(data);
  return send(query ? `/upload?${query}` : '/upload', {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': encoded.headers.get('content-type') ?? '', ...options.headers },
    body: Buffer.from(await encoded.arrayBuffer()),
  });
}

/** Checks that a response is an error according to RFC 9457, and consistent. */
export function expectProblem(reply: Reply, status: number): Problem {
  expect({ status: reply.status, body: reply.text() }).toEqual({ status, body: expect.any(String) });
  expect(reply.headers['content-type']).toMatch(/^application\/problem\+json\b/);
  const problem = reply.as(problemSchema);
  expect(problem).toMatchObject({ status, request_id: reply.headers['x-request-id'] });
  expect(problem.title).not.toBe('');
  expect(problem.detail).not.toBe('');
  return problem;
}

function toReply(response: http.IncomingMessage, body: Buffer, ms: number): Reply {
  const text = () => body.toString();
  const json = () => JSON.parse(text()) as unknown;
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    ms,
    count: (name) =>
      response.rawHeaders.filter((entry, index) => index % 2 === 0 && entry.toLowerCase() === name).length,
    text,
    json,
    as: (schema) => {
      const value = schema.parse(json());
      expect(json()).toEqual(value);
      return value;
    },
  };
}
