import { IDEMPOTENCY_KEY } from '@millrace/contracts/constants';
import { fetchAs } from './access.js';
import { Failure, failureFrom, type Repetition, unreachable, unreadable, withAdvice } from './failure.js';

export interface Answer<T> {
  data: T;
  status: number;
  headers: Headers;
}

interface CallOptions {
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Continues when the page is closed. */
  keepalive?: boolean;
  /** The Idempotency-Key: the same for every try of the same submission. */
  key?: string;
  /** What it means to repeat the call. The default depends on its method and key. */
  repetition?: Repetition;
}

/** Calls the API with JSON. @throws Failure for any status but 2xx, for a response that is not JSON, and for none */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
  const { body, signal, keepalive = false, key } = options;
  const repetition =
    options.repetition ?? (method !== 'POST' ? 'harmless' : key !== undefined ? 'keyed' : 'again');
  try {
    const response = await reach(path, {
      method,
      keepalive,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(key !== undefined && { [IDEMPOTENCY_KEY]: key }),
      },
      ...(signal && { signal }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await failureOf(response);
    const data = response.status === 204 ? undefined : await jsonOf(response);
    return { data: data as T, status: response.status, headers: response.headers };
  } catch (error) {
    throw error instanceof Failure ? withAdvice(error, repetition) : error;
  }
}

/** `fetch` that notices when there is no response. */
export async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetchAs(path, init);
  } catch (error) {
    if (init.signal?.aborted || error instanceof Failure) throw error;
    throw unreachable();
  }
}

export async function failureOf(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => undefined);
  return failureFrom(response.status, (name) => response.headers.get(name), body);
}

/** An object or a list: the API returns nothing else. */
async function jsonOf(response: Response): Promise<object> {
  const data: unknown = await response.json().catch(() => undefined);
  if (typeof data !== 'object' || data === null) throw unreadable();
  return data;
}

/** Omits parameters without a value. */
export function queryOf(parameters: Record<string, string | number | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '');
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return query && `?${query}`;
}
