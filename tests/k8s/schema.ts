import Ajv, { type ValidateFunction } from 'ajv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { idOf, type Manifest } from './manifests.js';

interface Schemas {
  /** "apps/v1 Deployment" → the name of its definition */
  kinds: Record<string, string>;
  definitions: Record<string, object>;
}

const schemas = JSON.parse(readFileSync(join(__dirname, 'schemas/kubernetes.json'), 'utf8')) as Schemas;
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'kubernetes', definitions: schemas.definitions });
const validators = new Map<string, ValidateFunction>();

/** What the API server would refuse with `--validate=strict`: unknown fields, wrong types, missing values. */
export function schemaProblems(manifest: Manifest): string[] {
  const kind = `${manifest.apiVersion} ${manifest.kind}`;
  const definition = schemas.kinds[kind];
  if (!definition) return [`${idOf(manifest)}: ${kind} is not known; see tests/k8s/schemas/make.mjs`];
  let validate = validators.get(kind);
  if (!validate) {
    validate = ajv.compile({ $ref: `kubernetes#/definitions/${definition}` });
    validators.set(kind, validate);
  }
  if (validate(manifest)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const unknown = (params as { additionalProperty?: string }).additionalProperty;
    const what = unknown ? `does not know the field ${unknown}` : message;
    return `${idOf(manifest)}: ${instancePath || '/'} ${what}`;
  });
}
