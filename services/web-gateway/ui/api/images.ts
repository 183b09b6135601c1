import type { AcceptedJob, Effect, UploadResponse } from '@millrace/contracts';
import { IDEMPOTENCY_KEY } from '@millrace/contracts/constants';
import { authorize } from './access.js';
import { failureFrom, type Repetition, unreachable, unreadable, withAdvice } from './failure.js';
import { failureOf, reach } from './http.js';

interface UploadOptions {
  file: File;
  effects: Effect[];
  /** As a job. */
  later: boolean;
  /** Identifies the job, so that a second try creates no second one. */
  key: string;
  /** @param part how much of the file has been sent, 0 to 1 */
  onSent: (part: number) => void;
}

/** Sends an image. XMLHttpRequest, because `fetch` does not report progress. @throws Failure */
export function uploadImage(options: UploadOptions): Promise<UploadResponse | AcceptedJob> {
  const { file, effects, later, key, onSent } = options;
  const repetition: Repetition = later ? 'keyed' : 'harmless';
  const form = new FormData();
  form.append('file', file);
  form.append('effects', effects.join(','));

  const request = new XMLHttpRequest();
  request.open('POST', later ? '/upload?async=true' : '/upload');
  if (later) request.setRequestHeader(IDEMPOTENCY_KEY, key);
  request.responseType = 'json';
  return new Promise((resolve, reject) => {
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      onSent(total > 0 ? loaded / total : 0),
    );
    request.upload.addEventListener('load', () => onSent(1));
    request.addEventListener('load', () => {
      const { status } = request;
      const response = request.response as UploadResponse | AcceptedJob | null;
      if (status < 300 && response) {
        resolve(response);
        return;
      }
      const header = (name: string) => request.getResponseHeader(name);
      const failure = status < 300 ? unreadable() : failureFrom(status, header, response);
      reject(withAdvice(failure, repetition));
    });
    request.addEventListener('error', () => reject(withAdvice(unreachable(), repetition)));
    authorize(request).then(() => request.send(form), reject);
  });
}

/** The bytes of a finished image. @throws Failure, with 404 when it has been deleted */
export async function getImage(url: string, signal: AbortSignal): Promise<Blob> {
  const response = await reach(url, { signal });
  if (!response.ok) throw await failureOf(response);
  try {
    return await response.blob();
  } catch (error) {
    if (signal.aborted) throw error;
    throw unreachable();
  }
}
