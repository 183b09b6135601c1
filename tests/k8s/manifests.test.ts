// What can be checked in the manifests without a cluster.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  idOf,
  type Manifest,
  manifestFiles,
  parseManifests,
  readManifests,
  root,
  type Workload,
} from './manifests.js';
import { rules } from './rules.js';
import { schemaProblems } from './schema.js';

const manifests = readManifests();

/** The findings of all rules. */
function problemsOf(all: Manifest[]): string[] {
  return [
    ...all.flatMap(schemaProblems),
    ...Object.entries(rules).flatMap(([rule, check]) => check(all).map((problem) => `${rule}: ${problem}`)),
  ];
}

test.each(manifests.map((manifest) => [idOf(manifest), manifest] as const))(
  '%s matches the API schema, with no unknown fields',
  (_id, manifest) => {
    expect(schemaProblems(manifest)).toEqual([]);
  },
);

test.each(Object.entries(rules))('%s', (_rule, check) => {
  expect(check(manifests)).toEqual([]);
});

test('nothing is defined twice', () => {
  const ids = manifests.map(idOf);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('the namespace comes first', () => {
  expect(manifests[0]).toMatchObject({ kind: 'Namespace' });
});

test('the Kustomization has every manifest', () => {
  const [{ resources }] = parseManifests(
    readFileSync(join(root, 'k8s/Kustomization'), 'utf8'),
  ) as unknown as [{ resources: string[] }];
  expect(resources).toEqual(manifestFiles());
});

test('the volume of Nginx has room for all that one client can hold in its files', () => {
  const routes = readFileSync(join(root, 'nginx/routes.conf'), 'utf8');
  const limit = (zone: string) => Number(new RegExp(`limit_conn ${zone} (\\d+);`).exec(routes)![1]);
  const [large, medium] = [limit('large_uploads_begun'), limit('medium_uploads_begun')];
  const images = limit('image_downloads');
  const others = limit('requests') - large - medium - images;
  const MIB = 1024 ** 2;
  // As nginx/limits.conf says; a list has at most 3 MiB (task-list.ts).
  const bytes = large * 21 * MIB + medium * 8_000_000 + images * 20 * MIB + others * 3 * MIB;
  const [, documented] = /That is ([\d.]+) GiB of Nginx's disk/.exec(
    readFileSync(join(root, 'docs/SECURITY.md'), 'utf8'),
  )!;
  expect(bytes / 1024 ** 3).toBeLessThan(Number(documented));

  const { spec } = manifests.find((each) => idOf(each) === 'Deployment/nginx') as Workload;
  const room = spec.template.spec.volumes!.find(({ name }) => name === 'cache')!.emptyDir!.sizeLimit!;
  expect(room).toMatch(/^\d+Gi$/);
  // With the files of the web UI.
  expect(bytes + 32 * MIB).toBeLessThan(parseInt(room, 10) * 1024 ** 3);
});

describe('a mistake is reported', () => {
  const named = (change: (workload: Workload, all: Manifest[]) => void): string[] => {
    const copy = structuredClone(manifests);
    const workload = copy.find((each) => idOf(each) === 'StatefulSet/postgres') as Workload;
    change(workload, copy);
    return problemsOf(copy);
  };
  const containerOf = (workload: Workload) => workload.spec.template.spec.containers[0]!;

  test('a misspelled field', () => {
    const problems = named((workload) =>
      Object.assign(containerOf(workload), { readinesProbe: containerOf(workload).readinessProbe }),
    );
    expect(problems).toEqual([
      'StatefulSet/postgres: /spec/template/spec/containers/0 does not know the field readinesProbe',
    ]);
  });

  test('a value of the wrong type', () => {
    const problems = named(({ spec }) => Object.assign(spec, { replicas: 'one' }));
    expect(problems).toEqual(['StatefulSet/postgres: /spec/replicas must be integer']);
  });

  test('a missing probe', () => {
    const problems = named((workload) => delete containerOf(workload).readinessProbe);
    expect(problems).toEqual([
      expect.stringMatching(/StatefulSet\/postgres: postgres: has no readinessProbe$/),
    ]);
  });

  test('a privileged pod', () => {
    const problems = named((workload) => (containerOf(workload).securityContext!.privileged = true));
    expect(problems).toEqual([expect.stringMatching(/StatefulSet\/postgres: postgres: is privileged$/)]);
  });

  test('a wrong image tag', () => {
    const problems = named((workload) => (containerOf(workload).image = 'postgres:81'));
    expect(problems).toEqual([
      expect.stringContaining('the image postgres:81 is none of docker-compose.yaml'),
    ]);
  });

  test('a claim that does not exist', () => {
    const problems = named((_workload, all) => {
      const claim = all.findIndex((each) => idOf(each) === 'PersistentVolumeClaim/postgres');
      all.splice(claim, 1);
    });
    expect(problems).toEqual([
      'everything that a pod refers to exists: StatefulSet/postgres: there is no PersistentVolumeClaim postgres',
    ]);
  });

  test('a call that no policy allows', () => {
    const problems = named((_workload, all) => {
      const policy = all.find((each) => idOf(each) === 'NetworkPolicy/postgres')!;
      policy.spec!.ingress![0]!.from!.pop();
    });
    expect(problems).toEqual([expect.stringMatching(/ingress: no user-api → postgres$/)]);
  });

  test('a duplicate key', () => {
    expect(() => parseManifests('a: 1\na: 2\n')).toThrow('Map keys must be unique');
  });
});

const hasKubeScore = (() => {
  try {
    execFileSync('kube-score', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('kube-score is not installed: its opinion is not asked.\n');
    return false;
  }
})();

(hasKubeScore ? test : test.skip)('kube-score finds nothing critical', () => {
  const files = manifestFiles().map((file) => join(root, 'k8s', file));
  // Its status is 1 when there is a difference.
  const opinion = () =>
    execFileSync(
      'kube-score',
      ['score', '--kubernetes-version', 'v1.34', '--output-format', 'ci', ...files],
      {
        encoding: 'utf8',
      },
    );
  expect(opinion).not.toThrow();
  expect(opinion()).toContain('[OK] task-api/millrace');
});
