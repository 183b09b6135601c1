import { setTimeout as sleep } from 'node:timers/promises';
import { isReady, type RunningReplica } from './health.js';
import { waitUntilReady } from '../supervise/readiness.js';
import { serviceNames } from '#topology';
import { drainPatienceMs, planReplicas, scaleOf, type PlannedReplica, type Scale } from './replicas.js';

/** Callers reread the lists of replicas every second, and nginx has new workers by then. */
const takeNoteMs = 1_500;

export type ScalingOptions = {
  initial: readonly RunningReplica[];
  startReplica: (replica: PlannedReplica) => RunningReplica;
  /** Makes exactly these replicas known to callers and nginx. */
  publish: (replicas: readonly RunningReplica[]) => void;
  onEvent?: (line: string) => void;
  /** Cancels a scaling in progress. */
  signal: AbortSignal;
};

export type Scaling = {
  readonly replicas: readonly RunningReplica[];
  /**
   * Brings services to these numbers of replicas; other services do not change. Resolves when callers know the new replicas and the removed
   * ones have ended. When a new one does not start, it throws and nothing changes. One scaling at a time: a second one waits.
   */
  scale(wanted: Partial<Scale>): Promise<void>;
  /** Resolves when no scaling is in progress. */
  idle(): Promise<unknown>;
};

export function makeScaling({ initial, startReplica, publish, onEvent, signal }: ScalingOptions): Scaling {
  let replicas = initial;
  let turn: Promise<unknown> = Promise.resolve();

  const scale = async (wanted: Partial<Scale>) => {
    signal.throwIfAborted();
    const present = scaleOf(replicas);
    const target = { ...present, ...wanted };
    const changes = serviceNames.filter((service) => target[service] !== present[service]);
    if (changes.length === 0) return;
    onEvent?.(
      `scaling ${changes.map((name) => `${name} from ${present[name]} to ${target[name]}`).join(', ')}`,
    );

    const arriving = await startAll(await planReplicas(target, replicas));
    const staying = serviceNames.flatMap((service) =>
      replicas.filter((replica) => replica.service === service).slice(0, target[service]),
    );
    const leaving = replicas.filter((replica) => !staying.includes(replica));
    replicas = [...staying, ...arriving];
    publish(replicas);
    await sleep(takeNoteMs, undefined, { signal });
    await Promise.all(leaving.map(({ process }) => process.stop(drainPatienceMs)));
  };

  const startAll = async (planned: readonly PlannedReplica[]) => {
    const started = planned.map(startReplica);
    try {
      await Promise.all(
        started.map((replica) => waitUntilReady(replica.process, () => isReady(replica), { signal })),
      );
    } catch (error) {
      await Promise.all(started.map(({ process }) => process.stop()));
      throw error;
    }
    return started;
  };

  return {
    get replicas() {
      return replicas;
    },
    scale(wanted) {
      const mine = turn.then(() => scale(wanted));
      turn = mine.catch(() => undefined);
      return mine;
    },
    idle: () => turn,
  };
}
