import { outsideOfTraces } from '../../telemetry/spans.js';

/** Whether a request may go on, and in how many ms the allowance of its client will be full again. */
export interface Verdict {
  isAllowed: boolean;
  fullInMs: number;
}

/**
 * Spends `costMs` of the allowance that all replicas share, if there is enough, after `spentMs`, which this one has spent already.
 *
 * @returns undefined when nobody can tell
 */
export type Ask = (client: string, costMs: number, spentMs: number) => Promise<Verdict | undefined>;

/** What this replica knows of a client. */
interface Account {
  client: string;
  /** When the allowance will be full again, unless other replicas have spent something since it was asked for, */
  fullAt: number;
  /** which was then. */
  askedAt: number;
  /** What this replica has spent since, and the others do not know. */
  unreportedMs: number;
}

/** How long a replica lets requests through by what it knows, and refuses them: that is right for longer, as others can only spend more. */
const ALLOWS_MS = 100;
const REFUSES_MS = 1_000;
/** It lets them through only while this part of a burst is left, */
const PLENTY = 1 / 2;
/** and reports what that has cost at this part of a burst, */
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
 * Spares most questions about busy clients: who has plenty left goes on, and who has too little is refused, by what is known here. Each
 * request in between is a question. As everything is reported, the rate is exact; several replicas that do not know of one another yet can let
 * a twentieth of a burst each through too much, which is missing afterwards.
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
