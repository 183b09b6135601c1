import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../../local/paths.js';

/** The versions of docker-compose.yaml. */
const COLLECTOR = 'v0.165.0';
const STORE = 'v1.52.1';

const folder = join(repositoryRoot, '.local/logs', `${COLLECTOR}-${STORE}`);

/** The log collector and the log store, built from their Go modules, which takes some minutes the first time. */
export function buildPrograms(): { collector: string; store: string } {
  const collector = join(folder, 'otelcol');
  const store = join(folder, 'victoria-logs');
  mkdirSync(folder, { recursive: true });
  const go = (...args: string[]) =>
    execFileSync('go', args, {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: '0', GOBIN: folder },
      stdio: 'pipe',
    });
  if (!existsSync(store)) go('install', `github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@${STORE}`);
  if (!existsSync(collector)) {
    const builder = `go.opentelemetry.io/collector/cmd/builder@${COLLECTOR}`;
    go('run', builder, '--config', join(__dirname, 'builder.yaml'));
  }
  return { collector, store };
}

/** Whether there is a Go to build them with. */
export function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('Go is not installed: the log collector and the log store are not tried.\n');
    return false;
  }
}
