import { type Access, accessOf, type Scope, SERVICE_TOKEN } from '@millrace/contracts';
import type { Request, RequestHandler, Router } from 'express';
import type { AuthConfig, FindKey } from '../../process/config/auth-config.js';
import type { Logger } from '../../process/log/logger.js';
import { currentContext, type Principal } from '../../process/context/request-context.js';
import { servicePrincipal } from '../../process/context/service-token.js';
import { guardRoutes } from '../guard-routes.js';
import { isApiKey } from './api-key.js';
import { createKeyVerifier } from './key-verifier.js';
import { createTokenCache } from './token-cache.js';
import { notAService, scopeMissing, tokenMissing } from './refusals.js';

/** Decides who may call which route. */
export interface Authentication {
  /**
   * Puts the rule of each route (`accessOf`) before its handlers, so that no part of a request is read before it is allowed.
   *
   * @throws when a route has no rule
   */
  protect(router: Router): void;
}

/**
 * Authentication as configured by AUTH_MODE.
 * @param findKey looks API keys up; without it, the service accepts none
 * @returns undefined for `off`: then nothing is loaded, and no request is checked
 */
export function createAuthentication(
  config: AuthConfig,
  logger: Logger,
  findKey?: FindKey,
): Authentication | undefined {
  if (config.AUTH_MODE === 'off') {
    logger.info('AUTH_MODE=off: everyone who can reach this service may call it');
    return undefined;
  }
  // The configuration is invalid without them.
  const { AUTH_ISSUER: issuer = '', AUTH_AUDIENCE: audience = '', AUTH_JWKS_URL: jwksUrl } = config;
  const serviceToken = config.SERVICE_TOKEN ?? '';
  const tokens = createTokenCache(async () => {
    // Loads a library that services without users do not need.
    const { createVerifier } = await import('./verifier.js');
    const verifyToken = createVerifier({ issuer, audience, jwksUrl, logger });
    const verifyKey = findKey && createKeyVerifier({ issuer, findKey });
    return (token) => (verifyKey && isApiKey(token) ? verifyKey(token) : verifyToken(token));
  });

  const servicesOnly: RequestHandler = (req, _res, next) => {
    const principal = servicePrincipal(req.get(SERVICE_TOKEN), serviceToken);
    if (!principal) throw notAService();
    admit(principal);
    next();
  };
  const holdersOf = (scope: Scope): RequestHandler => {
    const check = (principal: Principal) => {
      if (!principal.scopes.has(scope)) throw scopeMissing(scope);
      admit(principal);
    };
    return (req, _res, next) => {
      const token = bearerToken(req);
      if (token === undefined) throw tokenMissing();
      const known = tokens.find(token);
      if (known) {
        check(known);
        next();
        return undefined;
      }
      return tokens.verify(token).then((principal) => {
        check(principal);
        next();
      });
    };
  };
  const guardOf = (access: Access): RequestHandler | undefined => {
    if (access === 'public') return undefined;
    return access === 'service' ? servicesOnly : holdersOf(access);
  };

  return {
    protect(router) {
      guardRoutes(router, (method, paths) => guardOf(ruleOf(method, paths)));
    },
  };
}

/** For the rest of this request. */
function admit(principal: Principal): void {
  const context = currentContext();
  if (!context) throw new Error('a request has no context');
  context.principal = principal;
}

/** RFC 6750, section 2.1; a token is not accepted anywhere else. */
function bearerToken(req: Request): string | undefined {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(req.headers.authorization ?? '')?.[1];
}

function ruleOf(method: string, paths: string[]): Access {
  const rules = paths.map((path) => accessOf(method, path));
  const [access] = rules;
  if (!access || rules.some((rule) => rule !== access))
    throw new Error(
      `${method.toUpperCase()} ${String(paths)} must have exactly one rule: packages/contracts/src/access.ts says who may call what.`,
    );
  return access;
}
