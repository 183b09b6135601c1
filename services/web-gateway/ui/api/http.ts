import type { Problem } from '@millrace/contracts';
import { connectionLost } from '../state/connection.js';

/** A request that did not succeed, in words that can be shown. */
export class Failure extends Error {
  /** 0: no answer at all. */
  readonly status: number;
  /** What is wrong with which field. */
  readonly fields: Record<string, string>;

  constructor(message: string, status: number, fields: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

export interface Answer<T> {
  data: T;
  headers: Headers;
}

interface CallOptions {
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Goes on when the page is closed meanwhile. */
  keepalive?: boolean;
}

/** Calls the API with JSON. @throws Failure for any answer but 2xx, and for none */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
  const { body, signal, keepalive = false } = options;
  const response = await reach(path, {
    method,
    keepalive,
    ...(signal && { signal }),
    ...(body !== undefined && {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  if (!response.ok) throw await failureOf(response);
  const data = (response.status === 204 ? undefined : await response.json()) as T;
  return { data, headers: response.headers };
}

/** `fetch` that takes note when nobody answers. */
export async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw unreachable();
  }
}

export function unreachable(): Failure {
  connectionLost();
  return new Failure('The server cannot be reached.', 0);
}

export async function failureOf(response: Response): Promise<Failure> {
  const problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  return failureFrom(response.status, problem);
}

/** From problem+json. */
export function failureFrom(status: number, problem: Partial<Problem> | undefined): Failure {
  const fields = Object.fromEntries((problem?.errors ?? []).map(({ path, message }) => [path, message]));
  return new Failure(problem?.detail ?? `The server answered ${status}.`, status, fields);
}

/** Only the parameters that have a value. */
export function queryOf(parameters: Record<string, string | number | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '');
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return query && `?${query}`;
}

/** The next page's address in a list's `Link` header; undefined on the last page. */
export function nextPage(headers: Headers): string | undefined {
  return /<([^>]+)>; rel="next"/.exec(headers.get('Link') ?? '')?.[1];
}
