import { eventually } from '../support/eventually.js';
import { makeImage } from '../support/images.js';

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  type: string;
  samples: Sample[];
}

/** Parses as much of Prometheus's text format as services write. */
export function parsePage(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let family: Family | undefined;
  for (const line of text.split('\n')) {
    const [, declared, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (declared) families.set(declared, (family = { type: type!, samples: [] }));
    const [, name, labels = '', value] = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (!name) continue;
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [
      label!,
      text!,
    ]);
    family!.samples.push({
      name,
      labels: Object.fromEntries(pairs) as Record<string, string>,
      value: Number(value),
    });
  }
  return families;
}

/** Sends a request to every public route and a job of each kind, and waits until all are done. */
export async function someLoad(url: string): Promise<void> {
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}${path}`, init);
    const body = await response.arrayBuffer();
    const isJson = response.headers.get('content-type')?.includes('json');
    return isJson ? (JSON.parse(Buffer.from(body).toString()) as Record<string, string>) : {};
  };
  const json = (body: object) => ({
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const upload = async () => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(await makeImage('png'))], { type: 'image/png' }), 'a.png');
    form.set('effects', 'bw,blur');
    return { method: 'POST', body: form };
  };

  const { view_url: image } = await call('/upload', await upload());
  const jobs = await Promise.all([
    call('/api/add/metrics', { method: 'POST' }),
    call('/analyze?async=true', json({ text: 'four words of text' })),
    call('/upload?async=true', await upload()),
  ]);
  for (const path of [
    image!,
    '/image/none',
    '/',
    '/docs',
    '/health',
    '/api/tasks',
    '/api/jobs',
    '/api/jobs/summary',
    '/user/users',
  ])
    await call(path);
  await call('/analyze', json({ text: 'four words of text' }));
  await call('/api/tasks', json({ title: 'metrics' }));
  for (const { status_url: status } of jobs) {
    await eventually(async () => expect(await call(status!)).toMatchObject({ status: 'completed' }));
  }
}
