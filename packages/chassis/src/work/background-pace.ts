/** What the pace remembers about a client. */
export interface Paced {
  /** When its background work would have ended at the pace of its share (performance.now()). */
  paceEndsAt: number;
}

export interface BackgroundPace {
  /** Whether the client's next piece of background work has to wait, because others are working and it is ahead of its pace. */
  holdsUp(client: Paced): boolean;
  /** To be called when background work of the client has ended. @param used weight × ms */
  backgroundEnded(client: Paced, used: number): void;
  /** To be called when other work of the client has ended. */
  otherEnded(client: Paced): void;
}

/** For how long a client counts as active after its last work that was not in the background. */
const ACTIVE_MS = 10_000;
/** What a client that has had no background work lately may use at once, in ms of a place of weight 1. */
const BURST_MS = 1_000;

/**
 * Slows a client's background work down to a share of a place's time while other clients have other work; otherwise it gets all the
 * time. GCRA, with the duration of work as its cost: after 4 s of work at a share of 0.1, there is a pause of 30 s.
 *
 * @param share Infinity for no limit
 */
export function createBackgroundPace(share: number): BackgroundPace {
  // The two clients that were active last are enough: at most one of them is the caller.
  let last: { client: Paced | undefined; at: number } = { client: undefined, at: -Infinity };
  let beforeLast = last;

  const othersAreActive = (client: Paced) => {
    const { at } = last.client === client ? beforeLast : last;
    return performance.now() - at < ACTIVE_MS;
  };

  return {
    holdsUp: (client) => performance.now() < client.paceEndsAt - BURST_MS / share && othersAreActive(client),
    backgroundEnded(client, used) {
      client.paceEndsAt = Math.max(client.paceEndsAt, performance.now()) + used / share;
    },
    otherEnded(client) {
      if (last.client !== client) beforeLast = last;
      last = { client, at: performance.now() };
    },
  };
}
