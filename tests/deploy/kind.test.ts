import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

const root = join(__dirname, '../..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');

interface Mapping {
  containerPort: number;
  hostPort: number;
  listenAddress: string;
}
interface Service {
  kind: string;
  metadata: { name: string };
  spec: { ports: { nodePort: number }[] };
}

describe('the kind cluster', () => {
  const cluster = parse(text('kind/cluster.yaml')) as { nodes: { extraPortMappings: Mapping[] }[] };
  const [mapping] = cluster.nodes.flatMap((node) => node.extraPortMappings);

  it('maps the NodePort of nginx-service to port 8080 of this machine, on the loopback address only', () => {
    const service = parseAllDocuments(text('k8s/nginx.yaml'))
      .map((document) => document.toJS() as Service)
      .find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'nginx-service');
    expect(mapping).toEqual({
      containerPort: service?.spec.ports[0]?.nodePort,
      hostPort: 8080,
      listenAddress: '127.0.0.1',
    });
  });

  it('has that port in a line in which deploy.sh can replace it with HTTP_PORT', () => {
    const [, wanted = ''] = /sed "s\/(.+?)\//.exec(text('scripts/deploy/cluster.sh')) ?? [];
    expect(text('kind/cluster.yaml').split(wanted)).toHaveLength(2);
  });
});
