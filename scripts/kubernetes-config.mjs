// Puts the configuration files of Nginx, PostgreSQL and Redis into ConfigMaps for Kubernetes: npm run k8s:config.
// With --check it writes nothing, and fails when a ConfigMap in k8s/ is not what the files say.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');

const configMaps = {
  nginx: {
    'nginx.conf': 'nginx/nginx.conf',
    'proxy.conf': 'nginx/proxy.conf',
    'problems.conf': 'nginx/problems.conf',
    'limits.conf': 'nginx/limits.conf',
    'routes.conf': 'nginx/routes.conf',
    'upstreams.conf': 'nginx/upstreams.kubernetes.conf',
    'listen.conf': 'nginx/listen.compose.conf',
  },
  postgres: { 'init.sql': 'postgres/init.sql', 'roles.sql': 'postgres/roles.sql' },
  redis: { 'redis.conf': 'redis/redis.conf', 'users.conf': 'redis/users.conf', start: 'redis/start' },
};
// PostgreSQL reads its files when its volume is new, and never again: it need not restart for them.
const restartedByConfig = ['nginx', 'redis'];

const read = (path) => readFileSync(join(root, path), 'utf8');
const indented = (text) => text.replace(/^(?=.)/gm, '    ');

function manifestOf(name, files) {
  const data = Object.entries(files).map(([key, path]) => `  ${key}: |\n${indented(read(path))}`);
  return `# Made from ${Object.values(files).join(', ')} by \`npm run k8s:config\`. Change those, not this.
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
  namespace: millrace
  labels:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/part-of: millrace
data:
${data.join('')}`;
}

const wanted = new Map();
for (const [name, files] of Object.entries(configMaps)) {
  const manifest = manifestOf(name, files);
  wanted.set(`k8s/${name}-config.yaml`, manifest);
  if (restartedByConfig.includes(name)) {
    const checksum = createHash('sha256').update(manifest).digest('hex').slice(0, 16);
    const component = read(`k8s/${name}.yaml`).replace(/(millrace\/config-checksum:).*/, `$1 '${checksum}'`);
    wanted.set(`k8s/${name}.yaml`, component);
  }
}

for (const [path, text] of wanted) {
  if (check) {
    if (readOrNothing(path) !== text) {
      console.error(`${path} is not what its sources say: npm run k8s:config`);
      process.exitCode = 1;
    }
  } else {
    writeFileSync(join(root, path), text);
  }
}

function readOrNothing(path) {
  try {
    return read(path);
  } catch {
    return undefined;
  }
}
