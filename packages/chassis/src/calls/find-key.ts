import { foundKeySchema } from '@millrace/contracts';
import { HttpProblem } from '../http/problem.js';
import type { FindKey } from '../process/config/auth-config.js';
import type { ServiceClient } from './service-client.js';

/** Looks API keys up in task-api, for public services that do not store any. The key itself never leaves this service. */
export function createFindKey(taskApi: ServiceClient): FindKey {
  return async (hash) => {
    try {
      const { body } = await taskApi.request({ method: 'GET', path: `/internal/keys/${hash}` });
      return foundKeySchema.parse(JSON.parse(body.toString()));
    } catch (error) {
      if (error instanceof HttpProblem && error.status === 404) return undefined;
      throw error;
    }
  };
}
