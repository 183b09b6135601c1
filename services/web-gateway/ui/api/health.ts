import type { SystemHealth } from '@millrace/contracts';
import { failureFrom, unreadable } from './failure.js';
import { reach } from './http.js';

/** The health of all services. A 503 says that some are unhealthy and is not a failure. @throws Failure */
export async function getHealth(signal?: AbortSignal): Promise<SystemHealth> {
  const response = await reach('/health', { signal: signal ?? null });
  const body: unknown = await response.json().catch(() => undefined);
  if (isHealth(body)) return body;
  throw response.ok ? unreadable() : failureFrom(response.status, (name) => response.headers.get(name), body);
}

function isHealth(body: unknown): body is SystemHealth {
  return typeof body === 'object' && body !== null && 'services' in body;
}
