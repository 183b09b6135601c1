/** A way of queueing that is measured: it takes POST /api/add/:task. */
export interface Contestant {
  name: string;
  url: string;
  /** How many jobs its workers have completed since its start. */
  completed: () => number;
  /** Halts the workers where that can be done, so that accepting can be measured alone. */
  holdWorkers?: (hold: boolean) => void;
  stop(): Promise<void>;
}
