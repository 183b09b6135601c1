import type { Signer } from '../../support/issuer.js';

const NAME = 'issuer';
const PORT = 8080;
/** Its URL for the services. */
export const ISSUER_URL = `http://${NAME}:${PORT}`;

/** A pod that publishes an issuer's keys, and policies that allow the same services to reach it as a real issuer. */
export function issuerManifests({ documents }: Signer, namespace: string, version: string): object[] {
  const labels = { 'app.kubernetes.io/name': NAME };
  const metadata = { name: NAME, namespace, labels };
  const serve = `
    const documents = JSON.parse(process.env.DOCUMENTS);
    require('node:http').createServer((request, response) => {
      const document = documents[request.url];
      response.writeHead(document ? 200 : 404, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(document));
    }).listen(${PORT});`;
  const container = {
    name: NAME,
    // An image that contains Node.
    image: `millrace/text-worker:${version}`,
    command: ['node', '-e', serve],
    env: [{ name: 'DOCUMENTS', value: JSON.stringify(documents) }],
    ports: [{ name: 'http', containerPort: PORT }],
    readinessProbe: { httpGet: { path: '/keys', port: 'http' } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  const askers = {
    matchExpressions: [{ key: 'app.kubernetes.io/component', operator: 'In', values: ['gateway', 'api'] }],
  };
  const ports = [{ port: PORT, protocol: 'TCP' }];
  const policy = (name: string, spec: object) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec,
  });
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 1000,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [container],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: PORT, targetPort: 'http' }] },
    },
    policy('issuer', {
      podSelector: { matchLabels: labels },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: askers }], ports }],
    }),
    policy('to-issuer-in-cluster', {
      podSelector: askers,
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: labels } }], ports }],
    }),
  ];
}
