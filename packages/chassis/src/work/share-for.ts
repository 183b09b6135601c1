import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Everyone who calls within `ms` of the start of `work` shares that run, while it is in progress and afterwards, even if it fails. It runs
 * at most once in that time, however many callers there are, and no answer is older than `ms` plus the time that `work` takes. The run
 * belongs to none of the callers: it does not have the context of the request that started it, including its deadline.
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
