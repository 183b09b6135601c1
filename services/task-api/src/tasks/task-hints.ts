import type { Logger } from '@millrace/chassis/process';
import type { Redis } from '@millrace/chassis/stores/redis';

/** Tells the clients of all replicas that some task or job has changed, without saying which. */
export interface TaskHints {
  /** Call it after a commit. It costs the caller nothing and fails silently: a hint only makes clients reload earlier. */
  changed: () => void;
  /** Calls back after a change on any replica. @returns a function that unsubscribes */
  listen: (onChange: () => void) => () => void;
  close(): void;
}

const CHANNEL = 'task-changes';

/**
 * Uses Redis' publish and subscribe; one subscription for all listeners, and none while there are none.
 *
 * @param options.pauseMs the minimum time between two hints, both those that a replica publishes and those that it passes on to its
 *   clients. Default 1,000
 */
export function createTaskHints(
  redis: Redis,
  logger: Logger,
  { pauseMs = 1_000 }: { pauseMs?: number } = {},
): TaskHints {
  const listeners = new Set<() => void>();
  let subscriber: Redis | undefined;

  // Redis may be away. Its return triggers a hint, below.
  const say = withPauses(pauseMs, () => redis.publish(CHANNEL, '').catch(() => undefined));
  const hear = withPauses(pauseMs, () => listeners.forEach((listener) => listener()));

  const subscribe = () => {
    const connection = redis.duplicate({ autoResubscribe: false });
    connection.on('message', hear.soon);
    // The connection for commands reports the same failure.
    connection.on('error', () => undefined);
    connection.on('ready', () => {
      // Nobody knows what was missed while it was away.
      connection.subscribe(CHANNEL).then(hear.soon, (error: unknown) => {
        logger.warn({ err: error }, 'no hints of changes, connecting again');
        connection.disconnect(true);
      });
    });
    return connection;
  };
  const unsubscribe = () => {
    subscriber?.disconnect();
    subscriber = undefined;
  };

  return {
    changed: say.soon,
    listen(onChange) {
      // A new function each time, in case two callers pass the same one.
      const listener = () => onChange();
      listeners.add(listener);
      subscriber ??= subscribe();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) unsubscribe();
      };
    },
    close() {
      say.stop();
      hear.stop();
      unsubscribe();
    },
  };
}

/** Runs at once when called, and then not before the pause is over: once for all calls in the meantime. */
function withPauses(pauseMs: number, act: () => unknown) {
  let timer: NodeJS.Timeout | undefined;
  let actedAt = -Infinity;
  return {
    soon: () => {
      const begin = () => {
        timer = undefined;
        actedAt = performance.now();
        act();
      };
      timer ??= setTimeout(begin, Math.max(0, actedAt + pauseMs - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
