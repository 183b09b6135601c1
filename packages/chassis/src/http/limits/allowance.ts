/** What each client may spend over time, in all replicas together. */
export interface Allowance {
  /** @returns undefined when that is unknown at the moment: then the request is allowed */
  spend(client: string, cost: number): Promise<Spending | undefined>;
}

export interface Spending {
  /** Whether there was enough. A refused request costs nothing. */
  isAllowed: boolean;
  /** When there will be enough for the same request, in seconds; 0 when it is allowed. */
  waitSeconds: number;
  /** What a client may spend, in words: `100 requests a second`. */
  rate: string;
  /** The fields `RateLimit-Policy` and `RateLimit`: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers */
  policy: string;
  left: string;
}
