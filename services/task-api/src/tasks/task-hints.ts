import { hash } from 'node:crypto';
import type { Logger } from '@millrace/chassis/process';
import type { Redis } from '@millrace/chassis/stores/redis';

/** Tells the clients of all replicas that some of their tasks or jobs have changed, without saying which. */
export interface TaskHints {
  /**
   * Call it after a commit. It costs the caller nothing and fails silently: a hint only makes clients reload earlier.
   *
   * @param owners whose tasks or jobs have changed, each any number of times; null: nobody's
   */
  changed: (owners: Owner[]) => void;
  /**
   * Calls back after a change on any replica.
   *
   * @param owner whose changes to report; null: everyone's
   * @returns a function that unsubscribes
   */
  listen: (owner: Owner, onChange: () => void) => () => void;
  close(): void;
}

type Owner = string | null;

const CHANNEL = 'task-changes';
/** Stands for changes without an owner, or with an unknown one. */
const NOBODY = '';

/**
 * Uses publish and subscribe in Redis: one subscription for all listeners, and none without listeners. A message names the owners, each
 * by a
 * hash, separated by spaces.
 *
 * @param options.pauseMs the minimum time between two hints, both those that a replica publishes and those that it passes on to its
 *   clients. Default 1,000
 */
export function createTaskHints(
  redis: Redis,
  logger: Logger,
  { pauseMs = 1_000 }: { pauseMs?: number } = {},
): TaskHints {
  const listeners = new Set<{ of: string | null; onChange: () => void }>();
  let subscriber: Redis | undefined;

  // Redis may be down. Its return triggers a hint, below.
  const say = withPauses(pauseMs, (owners) =>
    redis.publish(CHANNEL, [...owners].join(' ')).catch(() => undefined),
  );
  const hear = withPauses(pauseMs, (owners) => {
    for (const { of, onChange } of listeners) if (of === null || owners.has(of)) onChange();
  });

  const subscribe = () => {
    const connection = redis.duplicate({ autoResubscribe: false });
    connection.on('message', (_channel: string, message: string) => hear.soon(message.split(' ')));
    // The connection for commands reports the same failure.
    connection.on('error', () => undefined);
    connection.on('ready', () => {
      const missed = () => hear.soon([NOBODY, ...[...listeners].flatMap(({ of }) => of ?? [])]);
      // What was missed in the meantime is unknown.
      connection.subscribe(CHANNEL).then(missed, (error: unknown) => {
        logger.warn({ err: error }, 'not receiving hints of changes, reconnecting');
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
    changed(owners) {
      if (owners.length > 0) say.soon(owners.map(nameOf));
    },
    listen(owner, onChange) {
      const listener = { of: owner === null ? null : nameOf(owner), onChange };
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

/** Short and without names: Redis does not need to know who is working. */
function nameOf(owner: Owner): string {
  return owner === null ? NOBODY : hash('sha256', owner, 'base64url').slice(0, 22);
}

/** Runs at once when called, and then not before the pause is over: once for all calls in the meantime. */
function withPauses(pauseMs: number, act: (told: ReadonlySet<string>) => unknown) {
  let told = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let actedAt = -Infinity;
  return {
    soon: (names: string[]) => {
      for (const name of names) told.add(name);
      const begin = () => {
        const until = told;
        told = new Set();
        timer = undefined;
        actedAt = performance.now();
        act(until);
      };
      timer ??= setTimeout(begin, Math.max(0, actedAt + pauseMs - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
