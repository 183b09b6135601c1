import { startStack, type Stack } from '../../local/stack/stack.js';
import { fillTables } from './fill.js';
import type { Bench, SharedStack } from './row.js';

/** The stacks that rows share, each started when the first row needs it. */
export interface SharedStacks {
  get(name: SharedStack): Promise<Stack>;
  /** Stops those that none of the remaining rows uses. */
  keepOnly(names: ReadonlySet<SharedStack>): Promise<void>;
}

/** Nothing is turned off, and nothing is tuned: the defaults of `npm start`, except for limits that leave room for the filled-in data. */
export const SPACIOUS = {
  'task-api': { JOB_HISTORY_BYTES: String(16 * 1024 ** 3), JOB_BACKLOG_LIMIT: '1000000' },
};

export function createSharedStacks({
  settings,
  signal,
  progress,
}: Pick<Bench, 'settings' | 'signal' | 'progress'>): SharedStacks {
  const running = new Map<SharedStack, Promise<Stack>>();
  const start = async (name: SharedStack) => {
    const rows = settings.sizes[name];
    progress(`starts a stack${rows === 0 ? '' : ` and fills it with ${rows} tasks and ended jobs`}`);
    const stack = await startStack({ port: 'free', env: SPACIOUS, signal });
    try {
      await fillTables(stack, rows, { signal });
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  };
  return {
    get(name) {
      const present = running.get(name) ?? start(name);
      running.set(name, present);
      // A start that failed may be repeated by the next row.
      present.catch(() => running.delete(name));
      return present;
    },
    async keepOnly(names) {
      for (const [name, stack] of running) {
        if (names.has(name)) continue;
        running.delete(name);
        await (await stack.catch(() => undefined))?.stop();
      }
    },
  };
}
