import { docker } from './docker.js';

/** What has happened to a container since it was created. */
export interface Usage {
  service: string;
  restarts: number;
  /** By the kernel, for lack of memory. */
  killed: boolean;
  peakMib: number;
  limitMib: number;
}

/** @param ids of containers of a composed stack */
export function usagesOf(ids: string[]): Promise<Usage[]> {
  return Promise.all(ids.map(usageOf));
}

async function usageOf(id: string): Promise<Usage> {
  const format =
    '{{index .Config.Labels "com.docker.compose.service"}} {{.RestartCount}} {{.State.OOMKilled}} {{.HostConfig.Memory}}';
  const [service = '', restarts, killed, limit] = (await docker('inspect', '--format', format, id))
    .trim()
    .split(' ');
  // cgroup v2, v1
  const files = '/sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes';
  const peak = await docker('exec', id, 'sh', '-c', `cat ${files} 2>/dev/null || true`);
  const mib = (bytes: string | undefined) => Math.round(Number(bytes) / 1024 ** 2);
  return {
    service,
    restarts: Number(restarts),
    killed: killed === 'true',
    peakMib: mib(peak.trim()),
    limitMib: mib(limit),
  };
}

/** Those that crashed. */
export function fallen(usages: Usage[]): Usage[] {
  return usages.filter(({ restarts, killed }) => restarts > 0 || killed);
}

export function reportUsage(what: string, usages: Usage[]): void {
  const memory = usages.map(
    ({ service, peakMib, limitMib, restarts }) =>
      `  ${service}: ${peakMib} of ${limitMib} MiB at its peak, ${restarts} restarts\n`,
  );
  process.stderr.write(`${what}\n${memory.join('')}`);
}
