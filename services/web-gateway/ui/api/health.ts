import type { SystemHealth } from '@millrace/contracts';
import { Failure } from './failure.js';
import { reach } from './http.js';

/** The health of all services. That some are unhealthy is an answer, too (503), and not a failure. */
export async function getHealth(signal?: AbortSignal): Promise<SystemHealth> {
  const response = await reach('/health', { signal: signal ?? null });
  const health = (await response.json().catch(() => undefined)) as Partial<SystemHealth> | undefined;
  if (!health?.services)
    throw new Failure('The gateway does not say which services are healthy.', response.status);
  return health as SystemHealth;
}
