import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes lines of programs to files as container runtimes do. */
export interface ContainerFiles {
  /** As Docker's driver json-file, with the tag of docker-compose.yaml. */
  docker(container: string, line: string): void;
  /** As containerd, in Kubernetes's folders. */
  kubernetes(pod: string, container: string, line: string): void;
}

export function containerFiles(folder: string): ContainerFiles {
  const append = (path: string[], text: string) => {
    const file = join(folder, ...path);
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, `${text}\n`);
  };
  return {
    docker(container, line) {
      const entry = {
        log: `${line}\n`,
        stream: 'stdout',
        attrs: { tag: container },
        time: new Date().toISOString(),
      };
      append(['containers', container, `${container}-json.log`], JSON.stringify(entry));
    },
    kubernetes(pod, container, line) {
      const uid = '0199aa00-0000-7000-8000-00000000000a';
      append(
        ['pods', `millrace_${pod}_${uid}`, container, '0.log'],
        `${new Date().toISOString()} stdout F ${line}`,
      );
    },
  };
}
