import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../local/servers/ports.js';

const run = promisify(execFile);
const root = join(__dirname, '../..');

/** The stack under test, as a separate project beside whatever else the engine runs. */
export interface Composed {
  url: string;
  env: NodeJS.ProcessEnv;
  /** Runs `docker compose …`. @returns its stdout @throws with its output, when it fails */
  compose(...args: string[]): Promise<string>;
  /** Runs a program of `scripts/` for this stack. */
  script(name: string, ...args: string[]): Promise<string>;
  /** The running replicas of a service. */
  replicas(service: string): Promise<Container[]>;
}

export interface Container {
  id: string;
  /** Its first process, as the host sees it. */
  pid: number;
  /** The replica's name in responses (services only). */
  pod: string;
}

/** Whether there is a container engine with Compose that responds. */
export function engineAnswers(): boolean {
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore', timeout: 30_000 });
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/**
 * @param project its name; default: millrace-test
 * @param settings more variables for docker-compose.yaml. Default: none
 */
export async function composed(
  project = 'millrace-test',
  settings: Record<string, string> = {},
): Promise<Composed> {
  const port = await freePort();
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: project,
    COMPOSE_PROGRESS: 'quiet',
    HTTP_PORT: String(port),
    ...settings,
  };
  const start = async (command: string, args: string[]) => {
    const { stdout } = await run(command, args, { cwd: root, env, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  };
  return {
    url: `http://localhost:${port}`,
    env,
    compose: (...args) => start('docker', ['compose', ...args]),
    script: (name, ...args) => start(join(root, 'scripts', name), args),
    async replicas(service) {
      const ids = lines(await start('docker', ['compose', 'ps', '--quiet', '--status', 'running', service]));
      if (ids.length === 0) return [];
      const format = '{{.Id}} {{.State.Pid}} {{.Config.Hostname}}';
      return lines(await start('docker', ['inspect', '--format', format, ...ids])).map((line) => {
        const [id = '', pid, host = ''] = line.split(' ');
        return { id, pid: Number(pid), pod: `${service}-${host}` };
      });
    },
  };
}

/** Runs a plain `docker …`, for actions on one container. */
export async function docker(...args: string[]): Promise<string> {
  return (await run('docker', args)).stdout;
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
