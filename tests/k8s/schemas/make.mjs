// Gets the schemas of the kinds that k8s/ and overlays/ use from the API server that kubectl points at (with KEDA in it):
//   node tests/k8s/schemas/make.mjs > tests/k8s/schemas/kubernetes.json
// They are made strict: unknown fields are an error here. Only the descriptions are left out.
import { execFileSync } from 'node:child_process';

const groups = {
  'api/v1': [
    ...['Namespace', 'ResourceQuota', 'LimitRange', 'ConfigMap', 'Secret', 'Service', 'ServiceAccount'],
    ...['PersistentVolumeClaim', 'Pod'],
  ],
  'apis/apps/v1': ['Deployment', 'StatefulSet', 'DaemonSet'],
  'apis/batch/v1': ['Job'],
  'apis/autoscaling/v2': ['HorizontalPodAutoscaler'],
  'apis/policy/v1': ['PodDisruptionBudget'],
  'apis/networking.k8s.io/v1': ['NetworkPolicy', 'Ingress'],
  'apis/keda.sh/v1alpha1': ['ScaledObject', 'TriggerAuthentication'],
};

const kubectl = (...args) => execFileSync('kubectl', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
const prefix = '#/components/schemas/';

const definitions = {};
const kinds = {};
for (const [path, wanted] of Object.entries(groups)) {
  const { schemas } = JSON.parse(kubectl('get', '--raw', `/openapi/v3/${path}`)).components;
  for (const kind of wanted) {
    const [name] = Object.entries(schemas).find(([, { 'x-kubernetes-group-version-kind': ids = [] }]) =>
      ids.some((id) => id.kind === kind),
    );
    kinds[`${path.replace(/^apis?\//, '')} ${kind}`] = name;
    take(name, schemas);
  }
}

/** A definition, and those that it refers to. */
function take(name, schemas) {
  if (definitions[name]) return;
  // Registered before its references are followed: some definitions refer to themselves.
  definitions[name] = {};
  definitions[name] = strict(schemas[name], schemas);
}

function strict(schema, schemas) {
  const { type, properties, items, additionalProperties, allOf, oneOf, required, $ref } = schema;
  const into = (each) => strict(each, schemas);
  const result = {};
  if ($ref) {
    const name = $ref.slice(prefix.length);
    take(name, schemas);
    result.$ref = `#/definitions/${name}`;
  }
  if (type) result.type = type;
  if (schema.enum) result.enum = schema.enum;
  if (allOf) result.allOf = allOf.map(into);
  if (oneOf) result.oneOf = oneOf.map(into);
  if (required) result.required = required;
  if (items) result.items = into(items);
  if (properties) {
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, into(value)]),
    );
    result.additionalProperties = false;
  } else if (typeof additionalProperties === 'object') {
    result.additionalProperties = into(additionalProperties);
  }
  // A CustomResourceDefinition does not repeat what every object has.
  if (properties?.metadata && !properties.metadata.allOf && !properties.metadata.$ref) {
    result.properties.metadata = { type: 'object' };
  }
  if (schema['x-kubernetes-int-or-string']) delete result.type;
  return result;
}

const version = JSON.parse(kubectl('version', '-o', 'json')).serverVersion.gitVersion;
process.stdout.write(`${JSON.stringify({ version, kinds, definitions })}\n`);
