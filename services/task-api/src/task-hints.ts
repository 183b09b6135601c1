import type { Logger } from '@millrace/chassis';
import type { Redis } from '@millrace/chassis/redis';

/** Tells the clients of all replicas, in no more words than that, that some task or job has changed. */
export interface TaskHints {
  /** After a commit. Costs its caller nothing and fails in silence: a hint makes a client look, and looking is what counts. */
  changed: () => void;
  /** Calls back after a change on any replica. @returns a function that ends it */
  listen: (onChange: () => void) => () => void;
  close(): void;
}

const CHANNEL = 'task-changes';
/** However much is going on, a replica says so ten times a second at most. */
const SAY_EVERY_MS = 100;

/** Over Redis' publish and subscribe; one subscription for all listeners, and none while there are none. */
export function createTaskHints(redis: Redis, logger: Logger): TaskHints {
  const listeners = new Set<() => void>();
  let subscriber: Redis | undefined;
  let timer: NodeJS.Timeout | undefined;
  let saidAt = -Infinity;

  const say = () => {
    timer = undefined;
    saidAt = performance.now();
    // Redis may be away. Its return is a hint of its own, below.
    redis.publish(CHANNEL, '').catch(() => undefined);
  };
  const hear = () => {
    for (const listener of listeners) listener();
  };

  const subscribe = () => {
    const connection = redis.duplicate({ autoResubscribe: false });
    connection.on('message', hear);
    // The connection for commands tells of the same trouble.
    connection.on('error', () => undefined);
    connection.on('ready', () => {
      // Nobody knows what was missed before.
      connection.subscribe(CHANNEL).then(hear, (error: unknown) => {
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
    changed() {
      timer ??= setTimeout(say, Math.max(0, saidAt + SAY_EVERY_MS - performance.now()));
    },
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
      clearTimeout(timer);
      unsubscribe();
    },
  };
}
