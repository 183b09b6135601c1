import { createBackgroundPace, type Paced } from './background-pace.js';

/** How much of the capacity a piece of work takes, and whose it is. */
export interface Claim {
  client: string;
  weight: number;
  /** Nobody waits for its end, or it takes long: it may not take what is kept free for other work. Default false */
  background?: boolean;
}

/** A waiting request. */
export interface Place {
  /** Removes it from the line, with the reason. */
  refuse(reason: Error): void;
}

interface Waiting extends Place {
  number: number;
  claim: Claim;
  start(): void;
}

interface Client extends Paced {
  taken: number;
  waiting: Waiting[];
  /** Weight × ms of work that has ended, halved every 10 s. */
  used: number;
  usedAt: number;
}

/** A capacity that clients share, and the line before it. */
export interface FairLine {
  /** Takes a part of the capacity, if it is free and nobody waits for it. */
  take(claim: Claim): boolean;
  /** @param ms how long it was in use */
  giveBack(claim: Claim, ms: number): void;
  /** Waits at the end of the client's own line. `start` is called when its turn has come, and the capacity is taken. */
  join(claim: Claim, told: { start: () => void; refuse: (reason: Error) => void }): Place;
  /** The last one of the client that waits with most, if that is more than `client` would have with one more. */
  lastOfLongest(client: string): Place | undefined;
  all(): Place[];
  length(): number;
  taken(): number;
  /** How many clients are remembered. */
  clients(): number;
}

const HALF_LIFE_MS = 10_000;
/** How often to check whether delayed background work may start. */
const LOOK_AGAIN_MS = 200;
/** How many clients that neither work nor wait are remembered, for what they have used. */
const REMEMBERED_CLIENTS = 1_000;

/**
 * Gives turns to the client that has used least recently, so that a thousand requests of one client do not delay a single one of another, and a
 * client with expensive requests gets as much time as the others, not as many turns. A client's own requests keep their order, except that
 * background work lets other work pass.
 *
 * @param options.share how much of the capacity one client may take at a time; a single piece is always possible
 * @param options.backgroundShare how much of it all background work may take at a time; a single piece is always possible
 * @param options.backgroundTime the share of a place's time that one client's background work may take while other work of other clients
 *   comes: see `createBackgroundPace`
 */
export function createFairLine(options: {
  capacity: number;
  share: number;
  backgroundShare: number;
  backgroundTime: number;
}): FairLine {
  const { capacity, share, backgroundShare, backgroundTime } = options;
  const clients = new Map<string, Client>();
  const pace = createBackgroundPace(backgroundTime);
  let taken = 0;
  let takenByBackground = 0;
  let length = 0;
  let joined = 0;
  let lookAgain: NodeJS.Timeout | undefined;

  const usedBy = ({ used, usedAt }: Client) => used * 0.5 ** ((performance.now() - usedAt) / HALF_LIFE_MS);
  const isWithinShare = (client: Client, { weight, background }: Claim) =>
    isWithin(share, client.taken, weight) &&
    (!background || (isWithin(backgroundShare, takenByBackground, weight) && !pace.holdsUp(client)));
  const count = (client: Client, { weight, background }: Claim, change: 1 | -1) => {
    taken += change * weight;
    client.taken += change * weight;
    if (background) takenByBackground += change * weight;
  };

  const clientNamed = (name: string) => {
    let client = clients.get(name);
    if (!client) {
      client = { taken: 0, waiting: [], used: 0, usedAt: 0, paceEndsAt: -Infinity };
      clients.set(name, client);
    }
    return client;
  };
  const forgetSome = () => {
    if (clients.size <= REMEMBERED_CLIENTS) return;
    for (const [name, { taken, waiting }] of clients) {
      if (clients.size <= REMEMBERED_CLIENTS) return;
      if (taken === 0 && waiting.length === 0) clients.delete(name);
    }
  };

  /** The first one of the client that may begin: of its background work only when there is no other. */
  const firstOf = (client: Client) => {
    for (const background of [false, true]) {
      const first = client.waiting.find(({ claim }) => (claim.background ?? false) === background);
      if (first && isWithinShare(client, first.claim)) return first;
    }
    return undefined;
  };

  /** The one whose turn is next, if there is room. */
  const next = () => {
    let best: { client: Client; first: Waiting; used: number } | undefined;
    for (const client of clients.values()) {
      const first = firstOf(client);
      if (!first) continue;
      const used = usedBy(client);
      const isBefore = !best || used < best.used || (used === best.used && first.number < best.first.number);
      if (isBefore) best = { client, first, used };
    }
    return best;
  };

  /** Freed capacity goes directly to the next in line; light work does not overtake heavy work. */
  const startNext = () => {
    for (let best = next(); best && taken + best.first.claim.weight <= capacity; best = next()) {
      const { client, first } = best;
      client.waiting.splice(client.waiting.indexOf(first), 1);
      length -= 1;
      count(client, first.claim, 1);
      first.start();
    }
    watch();
  };
  /** No event tells when background work has been delayed for long enough. */
  const watch = () => {
    if (length === 0 || backgroundTime === Infinity || lookAgain) return;
    lookAgain = setTimeout(() => {
      lookAgain = undefined;
      startNext();
    }, LOOK_AGAIN_MS).unref();
  };

  return {
    take(claim) {
      const client = clientNamed(claim.client);
      if (taken + claim.weight > capacity || !isWithinShare(client, claim)) return false;
      // No request overtakes waiting ones that could begin, or its own client's.
      const passes = (own: Waiting) => own.claim.background && !claim.background;
      if (length > 0 && (!client.waiting.every(passes) || next())) return false;
      count(client, claim, 1);
      return true;
    },
    giveBack(claim, ms) {
      const client = clientNamed(claim.client);
      count(client, claim, -1);
      const used = claim.weight * ms;
      client.used = usedBy(client) + used;
      client.usedAt = performance.now();
      if (claim.background) pace.backgroundEnded(client, used);
      else pace.otherEnded(client);
      startNext();
      forgetSome();
    },
    join(claim, { start, refuse }) {
      const client = clientNamed(claim.client);
      const waiting: Waiting = {
        number: (joined += 1),
        claim,
        start,
        refuse(reason) {
          const index = client.waiting.indexOf(waiting);
          if (index < 0) return;
          client.waiting.splice(index, 1);
          length -= 1;
          refuse(reason);
          // The others may have been waiting behind it.
          startNext();
        },
      };
      client.waiting.push(waiting);
      length += 1;
      watch();
      return waiting;
    },
    lastOfLongest(name) {
      const own = clientNamed(name).waiting.length;
      let longest: Client | undefined;
      for (const client of clients.values()) {
        if (client.waiting.length > (longest?.waiting.length ?? own + 1)) longest = client;
      }
      return longest?.waiting.at(-1);
    },
    all: () => [...clients.values()].flatMap(({ waiting }) => waiting),
    length: () => length,
    taken: () => taken,
    clients: () => clients.size,
  };
}

function isWithin(limit: number, taken: number, weight: number): boolean {
  return taken === 0 || taken + weight <= limit;
}
