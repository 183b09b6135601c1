import type { Trace } from '@millrace/contracts';
import { call } from './http.js';

/** From the server's settings: Jaeger's URL, or an empty string. Undefined: there are no traces. */
const setting = document.querySelector<HTMLMetaElement>('meta[name=traces]')?.content;

/** Whether jobs and images have traces that can be shown. */
export const hasTraces = setting !== undefined;

/** @param of the path of a job or an image */
export async function getTrace(of: string, signal: AbortSignal): Promise<Trace> {
  return (await call<Trace>('GET', `${of}/trace`, { signal })).data;
}

/** A trace's page in Jaeger. */
export function jaegerPage({ trace_id }: Trace): string | undefined {
  return setting ? `${setting.replace(/\/+$/, '')}/trace/${trace_id}` : undefined;
}
