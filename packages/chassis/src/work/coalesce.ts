import { currentContext, type RequestContext, withContext } from '../process/context/request-context.js';

export interface CoalesceOptions<Item, Result> {
  /** Does the work for all items. @returns for each, in order, its result or its own error */
  run: (items: Item[]) => Promise<(Result | Error)[]>;
  /** The maximum number of items in one call. */
  maxItems: number;
  /** The weight of an item, in the unit of `maxWeight`. Default: nothing */
  weigh?: (item: Item) => number;
  /** The maximum total weight of the items in one call; a heavier item goes by itself. Default: no limit */
  maxWeight?: number;
  /** How many calls may be in flight. Items that arrive in the meantime wait, and go together. Default 2 */
  concurrency?: number;
}

interface Waiting<Item, Result> {
  item: Item;
  context: RequestContext | undefined;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Batches many requests into one call: items of the same turn of the event loop go together, and so do items that arrive while calls are in
 * flight. A single item is not delayed.
 *
 * When a call fails, all its items fail with its error, and so do the waiting ones: what they would call is not there. A call has its own
 * context, with the request id of its first item; every item learns whether the call may have changed something.
 */
export function coalesce<Item, Result>(
  options: CoalesceOptions<Item, Result>,
): (item: Item) => Promise<Result> {
  const { run, maxItems, weigh = () => 0, maxWeight = Infinity, concurrency = 2 } = options;
  const waiting: Waiting<Item, Result>[] = [];
  let underWay = 0;
  let isScheduled = false;

  /** Takes from the front what fits into one call. */
  const takeBatch = () => {
    let weight = 0;
    let count = 0;
    for (const { item } of waiting) {
      weight += weigh(item);
      if (count === maxItems || (count > 0 && weight > maxWeight)) break;
      count += 1;
    }
    return waiting.splice(0, count);
  };

  const call = async (batch: Waiting<Item, Result>[]) => {
    const { requestId = '', traceparent } = batch[0]?.context ?? {};
    const effects = { begun: false };
    underWay += 1;
    try {
      const results = await withContext({ requestId, traceparent, effects }, () =>
        run(batch.map(({ item }) => item)),
      );
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index] as Result | Error;
        if (result instanceof Error) reject(result);
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of [...batch, ...waiting.splice(0)]) reject(error);
    } finally {
      if (effects.begun) for (const { context } of batch) if (context?.effects) context.effects.begun = true;
      underWay -= 1;
      flush();
    }
  };

  const flush = () => {
    isScheduled = false;
    while (waiting.length > 0 && underWay < concurrency) void call(takeBatch());
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, context: currentContext(), resolve, reject });
      if (isScheduled || underWay >= concurrency) return;
      isScheduled = true;
      setImmediate(flush);
    });
}
