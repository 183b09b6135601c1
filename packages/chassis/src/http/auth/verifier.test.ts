import { AUDIENCE, startIssuer } from '../../../../../tests/support/issuer.js';
import { silentLogger } from '../../../../../tests/support/service-basics.js';
import { createVerifier } from './verifier.js';

it('keeps only the scopes that this product knows', async () => {
  const issuer = await startIssuer();
  try {
    const verify = createVerifier({ issuer: issuer.url, audience: AUDIENCE, logger: silentLogger() });
    const others = Array.from({ length: 5_000 }, (_, number) => `other:${number}`);
    const scope = [...others, 'tasks:read', 'constructor', 'tasks:write'].join(' ');
    expect([...(await verify(await issuer.token({ scope }))).scopes]).toEqual(['tasks:read', 'tasks:write']);
    const scp = [{}, 7, 'tasks:read'];
    expect([...(await verify(await issuer.token({ scp }))).scopes]).toEqual(['tasks:read']);
  } finally {
    await issuer.stop();
  }
});
