import { hash } from 'node:crypto';
import { type Cost, costOf, RATE_LIMIT, RATE_LIMIT_POLICY, SHARED_ADDRESS } from '@millrace/contracts';
import type { Request, RequestHandler, Router } from 'express';
import { currentContext } from '../../process/context/request-context.js';
import { guardRoutes } from '../guard-routes.js';
import { TooManyRequests } from '../problem.js';
import type { Allowance } from './allowance.js';

/**
 * Charges each public route what it costs (`costOf`), before its handlers and before the body is read.
 * @throws when the paths of a route have different costs
 */
export function chargeRoutes(router: Router, allowance: Allowance): void {
  guardRoutes(router, (method, paths) => {
    const [cost, ...others] = paths.map((path) => costOf(method, path));
    if (others.some((other) => JSON.stringify(other) !== JSON.stringify(cost)))
      throw new Error(
        `${method.toUpperCase()} ${String(paths)} has several costs: packages/contracts/src/costs.ts.`,
      );
    return cost && cost.units > 0 ? charge(allowance, (req) => unitsOf(cost, req)) : undefined;
  });
}

/**
 * Takes what a request costs from the allowance of its client: the subject when signed in, else the address.
 *
 * @throws (its requests) TooManyRequests when too little is left
 */
export function charge(allowance: Allowance, costOfRequest: (req: Request) => number): RequestHandler {
  return async (req, res, next) => {
    const cost = costOfRequest(req);
    const client = clientOf(req);
    const spending = client === undefined ? undefined : await allowance.spend(client, cost);
    if (spending) {
      // There may be several allowances, each with an entry in these lists.
      res.append(RATE_LIMIT_POLICY, spending.policy).append(RATE_LIMIT, spending.left);
      if (!spending.isAllowed) throw refusal(spending);
    }
    next();
  };
}

function refusal({ rate, waitSeconds }: { rate: string; waitSeconds: number }): TooManyRequests {
  return new TooManyRequests(`You have used up your ${rate}. Try again in ${waitSeconds} s.`, {
    retryAfterSeconds: waitSeconds,
  });
}

/** Who pays; undefined when clients behind this address cannot be distinguished. */
function clientOf(req: Request): string | undefined {
  const { principal, client } = currentContext() ?? {};
  // A hash, so that Redis contains no readable subjects, and none of arbitrary length.
  if (principal?.owner !== undefined) return `subject:${hash('sha256', principal.owner, 'base64url')}`;
  return req.get(SHARED_ADDRESS) === undefined ? client : undefined;
}

function unitsOf({ units, search, perKib = 0 }: Cost, req: Request): number {
  if (search !== undefined && req.query['q'] !== undefined) return search;
  return units + perKib * (Number(req.get('content-length') ?? 0) / 1_024);
}
