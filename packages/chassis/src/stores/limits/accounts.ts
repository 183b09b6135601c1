import { outsideOfTraces } from '../../telemetry/spans.js';

/** Whether a request is allowed, and in how many ms its client's allowance will be full again. */
export interface Verdict {
  isAllowed: boolean;
  fullInMs: number;
}

/**
 * Spends `costMs` of the allowance that all replicas share, if there is enough left after `spentMs`, which this replica has already spent.
 *
 * @returns undefined when that is unknown
 */
export type Ask = (client: string, costMs: number, spentMs: number) => Promise<Verdict | undefined>;

/** What this replica knows about a client. */
interface Account {
  client: string;
  /** When the allowance will be full again, unless other replicas have spent some since it was last read, */
  fullAt: number;
  /** which was then. */
  askedAt: number;
  /** What this replica has spent since then and not reported yet. */
  unreportedMs: number;
}

/** How long a replica allows requests without asking, and how long it refuses them: longer, because others can only spend more. */
const ALLOWS_MS = 100;
const REFUSES_MS = 1_000;
/** It allows them only while this part of a burst is left, */
const PLENTY = 1 / 2;
/** and reports their cost when it reaches this part of a burst, */
const REPORTED_PART = 1 / 20;
/** or after this time. */
const REPORT_MS = 50;
/** An account takes about 200 bytes. */
const CLIENTS_MAX = 10_000;

export interface AccountsOptions {
  burstMs: number;
  ask: Ask;
  /** How many clients are remembered. Default: 10,000 */
  clientsMax?: number;
}

/**
 * Avoids most questions about busy clients: a client with plenty left is allowed, and one with too little is refused, by what is known here. In
 * between, every request is a question. Everything is reported, so the rate is exact; replicas that do not know about each other's requests yet can
 * each allow a twentieth of a burst too much, which the client then waits for.
 */
export function createAccounts({ burstMs, ask, clientsMax = CLIENTS_MAX }: AccountsOptions) {
  // In the order in which they were asked about.
  const known = new Map<string, Account>();
  const owing = new Set<Account>();
  let timer: NodeJS.Timeout | undefined;

  const askAbout = async (account: Account, costMs: number): Promise<Verdict | undefined> => {
    const { client, unreportedMs } = account;
    account.unreportedMs = 0;
    owing.delete(account);
    const askedAt = performance.now();
    const verdict = await ask(client, costMs, unreportedMs);
    if (!verdict) return undefined;
    account.askedAt = askedAt;
    account.fullAt = askedAt + verdict.fullInMs + account.unreportedMs;
    known.delete(client);
    known.set(client, account);
    if (known.size > clientsMax) known.delete(known.keys().next().value!);
    return verdict;
  };

  const report = () => {
    timer = undefined;
    for (const account of owing) void askAbout(account, 0);
  };

  const spendHere = (account: Account, costMs: number): Verdict | undefined => {
    const now = performance.now();
    const age = now - account.askedAt;
    const aheadMs = Math.max(account.fullAt - now, 0);
    const afterwardsMs = aheadMs + costMs;
    if (afterwardsMs > burstMs) return age > REFUSES_MS ? undefined : { isAllowed: false, fullInMs: aheadMs };
    if (age > ALLOWS_MS || afterwardsMs > burstMs * (1 - PLENTY)) return undefined;
    if (account.unreportedMs + costMs > burstMs * REPORTED_PART) return undefined;
    account.fullAt = now + afterwardsMs;
    account.unreportedMs += costMs;
    owing.add(account);
    timer ??= outsideOfTraces(() => setTimeout(report, REPORT_MS).unref());
    return { isAllowed: true, fullInMs: afterwardsMs };
  };

  return {
    /** @param costMs at most `burstMs` */
    spend: async (client: string, costMs: number): Promise<Verdict | undefined> => {
      const account = known.get(client);
      const verdict = account && spendHere(account, costMs);
      return verdict ?? askAbout(account ?? { client, fullAt: 0, askedAt: 0, unreportedMs: 0 }, costMs);
    },
  };
}
