import type { SystemHealth } from '@millrace/contracts';
import { Failure, reach } from './http.js';

/** The health of all services. Those that are not well are an answer, too (503), and no failure. */
export async function getHealth(signal?: AbortSignal): Promise<SystemHealth> {
  const response = await reach('/health', { signal: signal ?? null });
  const health = (await response.json().catch(() => undefined)) as Partial<SystemHealth> | undefined;
  if (!health?.services) throw new Failure('The gateway does not say how the services are.', response.status);
  return health as SystemHealth;
}
