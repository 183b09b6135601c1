import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Lets all who ask within `ms` of the beginning of `work` share that run, while it is under way and when it is done, be its end
 * a failure. However many ask, it runs once in that time, and no answer is older than `ms` and the time that `work` takes.
 * The run belongs to none of them: it has no part in the context of the request that began it, its deadline included.
 */
export function shareFor<T>(ms: number, work: () => Promise<T>): () => Promise<T> {
  let shared: Promise<T> | undefined;
  let begunAt = -Infinity;
  let underWay = false;
  const outsideRequests = AsyncLocalStorage.snapshot();

  return () => {
    if (!shared || (!underWay && performance.now() - begunAt >= ms)) {
      begunAt = performance.now();
      underWay = true;
      shared = outsideRequests(work).finally(() => (underWay = false));
    }
    return shared;
  };
}
