import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { serviceNames } from '#topology';

interface Service {
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  mem_limit?: string;
  cpus?: number;
  pids_limit?: number;
  ports?: string[];
  privileged?: boolean;
  user?: string;
  command?: string[];
  networks?: string[];
  network_mode?: string;
  environment?: Record<string, unknown>;
  profiles?: string[];
  volumes?: (string | object)[];
}
interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
}

const read = (file: string) =>
  parse(readFileSync(join(__dirname, '../..', file), 'utf8'), { merge: true }) as Compose;
const { services, networks } = read('docker-compose.yaml');
const lasting = Object.entries(services).filter(([name, { profiles }]) => name !== 'secrets' && !profiles);

describe('the containers of docker-compose.yaml', () => {
  it.each(Object.entries(services))(
    '%s writes only to its volumes, and cannot gain privileges',
    (_, service) => {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        pids_limit: expect.any(Number) as number,
      });
      expect(service.privileged).toBeUndefined();
      expect(
        Object.keys(service.environment ?? {}).filter((name) => /PASSWORD$|SECRET$|REDIS_URL$/.test(name)),
      ).toEqual([]);
    },
  );

  it.each(lasting)('%s has memory and CPU limits', (_, service) => {
    expect(service.mem_limit).toBeDefined();
    expect(service.cpus).toBeDefined();
  });

  it('run as root only to create folders, without a network, and to read logs, on a separate network', () => {
    const roots = Object.entries(services).filter(([, { user }]) => /^(root|0)\b/.test(user ?? ''));
    expect(
      Object.fromEntries(roots.map(([name, { network_mode, networks }]) => [name, network_mode ?? networks])),
    ).toEqual({ secrets: 'none', 'log-folder': 'none', 'log-collector': ['logs'] });
    expect(networks['logs']).toEqual({ internal: true });
  });

  it('have no access to the machine, except that the log collector reads log files', () => {
    const folders = Object.entries(services).flatMap(([name, { volumes = [] }]) =>
      volumes
        .filter((volume) => typeof volume === 'string')
        .filter((volume) => /^(\/|\$\{DOCKER)/.test(volume))
        .map((volume) => [name, volume.split(':').slice(-2)]),
    );
    expect(folders).toEqual([['log-collector', ['/var/lib/docker/containers', 'ro']]]);
  });

  it('open one port, and with --profile observe others to this machine only', () => {
    const opened = Object.entries(services).filter(([, { ports }]) => ports);
    expect(opened.filter(([, { profiles }]) => !profiles).map(([name]) => name)).toEqual(['nginx']);
    const observing = opened.filter(([, { profiles }]) => profiles);
    expect(
      observing.flatMap(([, { ports = [] }]) => ports).filter((port) => !port.startsWith('127.0.0.1:')),
    ).toEqual([]);
  });

  it('open the HTTPS ports, for TCP and UDP, on the same address as the other one', () => {
    const [plain] = services['nginx']!.ports!;
    const address = plain!.slice(0, plain!.lastIndexOf(':${HTTP_PORT'));
    expect(Object.keys(read('docker-compose.https.yaml').services)).toEqual(['nginx']);
    expect(read('docker-compose.https.yaml').services['nginx']!.ports).toEqual(
      ['tcp', 'udp'].map((protocol) => `${address}:\${HTTPS_PORT:-443}:8443/${protocol}`),
    );
  });

  it('require sign-in in every service with docker-compose.auth.yaml, at a provider that only this machine can reach', () => {
    const { 'identity-provider': provider, ...others } = read('docker-compose.auth.yaml').services;
    expect(Object.keys(others).sort()).toEqual([...serviceNames].sort());
    for (const { environment } of Object.values(others))
      expect(environment).toMatchObject({ AUTH_MODE: 'jwt' });
    expect(provider!.ports).toEqual(['127.0.0.1:${AUTH_PORT:-9080}:9080']);
    expect(provider).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      pids_limit: expect.any(Number) as number,
      mem_limit: expect.any(String) as string,
      networks: ['front'],
    });
  });

  it('each get a certificate with docker-compose.tls.yaml, from a container without a network', () => {
    const { certificates, ...programs } = read('docker-compose.tls.yaml').services;
    expect(certificates).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      network_mode: 'none',
    });
    const issued = certificates!.command!.map((name) => name.split(':')[0]!);
    const folders = Object.fromEntries(
      Object.entries(programs).map(([name, { volumes }]) => [
        name,
        (volumes as { target: string; volume: { subpath: string } }[])
          .filter(({ target }) => target === '/run/tls')
          .map(({ volume }) => volume.subpath),
      ]),
    );
    for (const name of issued) expect([name, folders[name]]).toEqual([name, [name]]);
    for (const name of ['roles', 'psql']) expect(folders[name]).toEqual(['postgres']);
    expect(issued).toEqual(expect.arrayContaining([...serviceNames, 'nginx', 'postgres', 'redis']));
    const migrating = Object.keys(services).filter((name) => name.endsWith('-migrate'));
    for (const name of migrating) expect(folders[name]).toEqual([name.replace('-migrate', '')]);
  });

  it('with data are in a network without internet access', () => {
    expect(networks['back']).toEqual({ internal: true });
    expect(services['postgres']?.networks).toEqual(['back']);
    expect(services['redis']?.networks).toEqual(['back']);
  });
});
