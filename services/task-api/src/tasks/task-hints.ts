import type { Logger } from '@millrace/chassis/process';
import type { Redis } from '@millrace/chassis/stores/redis';

/** Tells the clients of all replicas, in no more words than that, that some task or job has changed. */
export interface TaskHints {
  /** After a commit. Costs its caller nothing and fails in silence: a hint makes a client look, and looking is what counts. */
  changed: () => void;
  /** Calls back after a change on any replica. @returns a function that ends it */
  listen: (onChange: () => void) => () => void;
  close(): void;
}

const CHANNEL = 'task-changes';

/**
 * Over Redis' publish and subscribe; one subscription for all listeners, and none while there are none.
 *
 * @param options.pauseMs the least time between two hints, both of those that a replica gives and of those that it passes on to
 *   its clients. Default 1,000
 */
export function createTaskHints(
  redis: Redis,
  logger: Logger,
  { pauseMs = 1_000 }: { pauseMs?: number } = {},
): TaskHints {
  const listeners = new Set<() => void>();
  let subscriber: Redis | undefined;

  // Redis may be away. Its return is a hint of its own, below.
  const say = withPauses(pauseMs, () => redis.publish(CHANNEL, '').catch(() => undefined));
  const hear = withPauses(pauseMs, () => listeners.forEach((listener) => listener()));

  const subscribe = () => {
    const connection = redis.duplicate({ autoResubscribe: false });
    connection.on('message', hear.soon);
    // The connection for commands tells of the same trouble.
    connection.on('error', () => undefined);
    connection.on('ready', () => {
      // Nobody knows what was missed before.
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
      // A function of its own, should two pass the same.
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

/** Acts at once when asked, and then not before the pause is over: once for all who asked meanwhile. */
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
