// Sign-in in containers, as docker-compose.auth.yaml sets it up: npm run test:compose-auth.
import { randomBytes } from 'node:crypto';
import { freePort } from '../../../local/servers/ports.js';
import { checkSignIn, type SignedInStack } from '../../auth/sign-in-checks.js';
import { type Composed, composed, engineAnswers } from '../docker.js';

const MINUTE_MS = 60_000;

const hasEngine = engineAnswers();
if (!hasEngine) process.stderr.write('No container engine answers (docker info): these tests are skipped.\n');

(hasEngine ? describe : describe.skip)('the composed stack with sign-in', () => {
  let stack: Composed;
  let signedIn: SignedInStack;

  beforeAll(async () => {
    const port = await freePort();
    stack = await composed('millrace-auth', {
      COMPOSE_FILE: 'docker-compose.yaml:docker-compose.auth.yaml',
      SERVICE_TOKEN: randomBytes(32).toString('hex'),
      AUTH_PORT: String(port),
    });
    await stack.compose('down', '--volumes');
    await stack.compose('up', '--build', '--detach', '--wait');
    const tokenOf = async (name: string) => (await fetch(`http://127.0.0.1:${port}/token/${name}`)).text();
    signedIn = {
      url: stack.url,
      admin: await tokenOf('ada'),
      person: await tokenOf('bob'),
      inside: (script) => stack.compose('exec', '-T', 'web-gateway', 'node', '-e', script),
    };
  }, 15 * MINUTE_MS);

  afterAll(() => stack.compose('down', '--volumes'), 2 * MINUTE_MS);

  checkSignIn(() => signedIn);
});
