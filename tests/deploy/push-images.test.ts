import { serviceNames } from '#topology';
import { type Answer, type Machine, machine } from './programs.js';

let here: Machine | undefined;
afterEach(async () => {
  await here?.remove();
  here = undefined;
});

async function push(
  args: string[],
  programs: Record<string, Answer[]> = { docker: [] },
  env: NodeJS.ProcessEnv = {},
) {
  here = await machine(programs);
  return here.run('scripts/push-images.sh', args, env);
}

describe('scripts/push-images.sh', () => {
  it('builds all services for both platforms in one build, with version, SBOM and provenance', async () => {
    const { status, stdout, calls } = await push(['--dry-run', 'ghcr.io/acme/millrace', '1.2.0']);
    expect(status).toBe(0);
    expect(stdout).toContain('platform=linux/amd64\\,linux/arm64');
    expect(stdout).toContain('args.VERSION=1.2.0');
    expect(stdout).toMatch(/args\.REVISION=[0-9a-f]{40}/);
    expect(stdout).toContain('--provenance mode=max --sbom true --push');
    for (const service of serviceNames) {
      expect(stdout).toContain(`--set ${service}.tags=ghcr.io/acme/millrace/${service}:1.2.0`);
    }
    expect(calls.filter((call) => call.startsWith('docker'))).toEqual([]);
  });

  it('logs in to ECR and creates the repositories', async () => {
    const registry = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/millrace';
    const missing = { to: 'ecr describe-repositories*user-api', fails: true };
    const { status, calls } = await push([registry, '1.2.0'], { aws: [missing], docker: [] });
    expect(status).toBe(0);
    expect(calls).toContain('aws ecr get-login-password --region eu-central-1');
    expect(calls).toContain(
      'docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-central-1.amazonaws.com',
    );
    const made = calls.filter((call) => call.startsWith('aws ecr create-repository'));
    expect(made).toHaveLength(1);
    expect(made[0]).toContain('--repository-name millrace/user-api');
  });

  it.each([
    ['ghcr.io/acme/millrace', 'Docker is not logged in to ghcr.io.\n  Fix: a token with write:packages'],
    ['docker.io/acme', 'Docker is not logged in to Docker Hub.\n  Fix: docker login -u YOU'],
    [
      'registry.example.com/a',
      'Docker is not logged in to registry.example.com.\n  Fix: docker login registry.',
    ],
  ])('says how to log in to %s before anything is built', async (registry, message) => {
    const { status, stderr, calls } = await push([registry, '1.2.0']);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(calls.filter((call) => call.startsWith('docker'))).toEqual([]);
  });

  it('creates a builder for several platforms when Docker has only the default one', async () => {
    const docker: Answer[] = [
      { to: 'buildx inspect', says: 'Name: default\nDriver: docker\n' },
      { to: 'buildx inspect millrace', fails: true },
    ];
    const { calls } = await push(['localhost:5000/millrace', '1.2.0'], { docker });
    expect(calls).toContain('docker buildx create --name millrace --driver docker-container');
  });

  it('says what a refused push needs', async () => {
    const docker: Answer[] = [{ to: 'buildx bake*', complains: 'ERROR: denied', fails: true }];
    const { status, stderr } = await push(['localhost:5000/millrace', '1.2.0'], { docker });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /pushing the images failed.*\n {2}Fix: denied or unauthorized: docker login localhost:5000/,
    );
  });

  it.each([
    [['acme/millrace', '1.2.0'], 'acme/millrace does not start with'],
    [['ghcr.io/Acme', '1.2.0'], 'ghcr.io/Acme is not a valid registry name'],
    [['ghcr.io/acme', '1.2 0'], '1.2 0 is not a valid tag'],
    [['ghcr.io/acme', 'latest'], 'latest is not a version'],
    [['ghcr.io/acme'], 'Usage:'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await push(args);
    expect(status).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
