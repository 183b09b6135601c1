import {
  HttpProblem,
  idOf,
  jsonBody,
  methodNotAllowed,
  notFound,
  parseBody,
  parseQuery,
} from '@millrace/chassis/http';
import { currentContext, type Logger, visibleOwner } from '@millrace/chassis/process';
import { ADMIN_SCOPE, createKeySchema, KEYS_PER_OWNER, listKeysQuerySchema } from '@millrace/contracts';
import { Router } from 'express';
import type { KeyStore } from './key-store.js';

/** /api/keys: a user's API keys. /internal/keys/:hash: how other services look up a key that a client has sent them. */
export function keyRoutes(keys: KeyStore, logger: Logger): Router {
  const router = Router();

  router
    .route('/api/keys')
    .get(async (req, res) => {
      const { subject } = parseQuery(listKeysQuerySchema, req.query);
      res.set('Cache-Control', 'no-store').json(await keys.list(ownerOf(subject)));
    })
    .post(jsonBody, async (req, res) => {
      const wanted = parseBody(createKeySchema, req.body);
      const { owner, scopes } = whoAsks();
      const excess = wanted.scopes.filter((scope) => !scopes.has(scope));
      if (excess.length > 0)
        throw new HttpProblem(422, 'A key cannot allow more than your access token.', {
          errors: [{ path: 'scopes', message: `your access token lacks ${excess.join(', ')}` }],
        });
      const created = await keys.create(wanted, owner);
      if (!created)
        throw new HttpProblem(409, `You have ${KEYS_PER_OWNER} API keys, which is the limit. Revoke one.`);
      logger.info({ key: created.prefix, scopes: created.scopes }, 'an API key was created');
      res.status(201).set('Cache-Control', 'no-store').json(created);
    })
    .all(methodNotAllowed);

  router
    .route('/api/keys/:id')
    .delete(async (req, res) => {
      const revoked = await keys.revoke(idOf(req), visibleOwner());
      if (!revoked) throw notFound('There is no API key with this id.');
      logger.info({ key: revoked.prefix }, 'an API key was revoked');
      res.status(204).end();
    })
    .all(methodNotAllowed);

  router
    .route('/internal/keys/:hash')
    .get(async (req, res) => {
      const found = await keys.find(req.params.hash);
      if (!found) throw notFound('There is no such API key.');
      res.json(found);
    })
    .all(methodNotAllowed);

  return router;
}

function whoAsks(): { owner: string; scopes: ReadonlySet<string> } {
  const { owner, scopes } = currentContext()?.principal ?? {};
  // These routes exist only with sign-in.
  if (owner === undefined || scopes === undefined) throw new Error('nobody asks for keys');
  return { owner, scopes };
}

/** @param subject from the same issuer as the caller; undefined: the caller */
function ownerOf(subject: string | undefined): string {
  const { owner, scopes } = whoAsks();
  if (subject === undefined) return owner;
  const asked = `${owner.slice(0, owner.indexOf(' '))} ${subject}`;
  if (asked !== owner && !scopes.has(ADMIN_SCOPE))
    throw new HttpProblem(403, `To see the keys of others, you need the scope ${ADMIN_SCOPE}.`);
  return asked;
}
