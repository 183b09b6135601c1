import { type Answer, type Machine, machine } from './programs.js';

const versions: Answer[] = [
  { to: 'version *', says: '26.0.0' },
  { to: 'compose version *', says: 'v2.26.0-desktop.1' },
];

let here: Machine | undefined;
afterEach(async () => {
  await here?.remove();
  here = undefined;
});

async function roll(docker: Answer[], ...services: string[]) {
  here = await machine({ docker });
  return here.run('scripts/roll.sh', services);
}

describe('scripts/roll.sh', () => {
  it('starts as many new replicas as there are, and stops the old ones when those are healthy', async () => {
    const { status, stdout, calls } = await roll(
      [
        { to: 'compose ps * task-api', says: 'aaa\nbbb\n' },
        { to: 'compose ps * user-api', says: 'ccc\n' },
        ...versions,
      ],
      'task-api',
      'user-api',
    );
    expect([status, stdout]).toEqual([0, 'task-api: 2 replaced\nuser-api: 1 replaced\n']);
    expect(calls.filter((call) => / (up|stop|rm) /.test(call))).toEqual([
      'docker compose up --detach --wait --no-deps --no-recreate --scale task-api=4 task-api',
      'docker stop aaa bbb',
      'docker rm aaa bbb',
      'docker compose up --detach --wait --no-deps --no-recreate --scale user-api=2 user-api',
      'docker stop ccc',
      'docker rm ccc',
    ]);
  });

  it('leaves the old ones when the new ones do not become healthy', async () => {
    const { status, calls } = await roll(
      [{ to: 'compose ps*', says: 'aaa\n' }, { to: 'compose up*', fails: true }, ...versions],
      'task-api',
    );
    expect(status).toBe(1);
    expect(calls.join()).not.toContain('docker stop');
  });

  it.each<[string, Answer[], string]>([
    [
      'an old Docker Engine',
      [{ to: 'version *', says: '25.0.5' }],
      'Docker Engine 25.0.5 is too old: 26.0 or newer is needed.\n  Fix: https://docs.docker.com/engine/install/',
    ],
    [
      'an old Compose',
      [{ to: 'compose version *', says: '2.25.0' }],
      'Docker Compose 2.25.0 is too old: 2.26 or newer is needed.\n  Fix: https://docs.docker.com/compose/install/',
    ],
    [
      'no Compose',
      [{ to: 'compose version *', fails: true }],
      'Docker has no Compose plugin.\n  Fix: https://docs.docker.com/compose/install/',
    ],
    [
      'a service that does not run',
      [{ to: 'compose ps*' }],
      'task-api is not running.\n  Fix: docker compose up --detach --wait',
    ],
  ])('says in one message what to do about %s', async (_, answers, message) => {
    const { status, stderr, calls } = await roll([...answers, ...versions], 'task-api');
    expect([status, stderr.split('\n').length]).toEqual([1, 3]);
    expect(stderr).toContain(`roll.sh: ${message}`);
    expect(calls.join()).not.toContain('docker compose up');
  });

  it('accepts a custom build of Docker, whose version is not a number', async () => {
    const { status } = await roll(
      [{ to: 'version *', says: 'library-import' }, { to: 'compose ps*', says: 'aaa\n' }, ...versions],
      'task-api',
    );
    expect(status).toBe(0);
  });
});
