import type { AcceptedJob, Effect, Problem, UploadResponse } from '@millrace/contracts';
import { failureFrom, unreachable } from './http.js';

interface UploadOptions {
  file: File;
  effects: Effect[];
  /** As a job. */
  later: boolean;
  /** @param part how much of the file has been sent, 0 to 1 */
  onSent: (part: number) => void;
}

/** Sends an image. XMLHttpRequest, because `fetch` does not tell how much has been sent. @throws Failure */
export function uploadImage(options: UploadOptions): Promise<UploadResponse | AcceptedJob> {
  const { file, effects, later, onSent } = options;
  const form = new FormData();
  form.append('file', file);
  form.append('effects', effects.join(','));

  const request = new XMLHttpRequest();
  request.open('POST', later ? '/upload?async=true' : '/upload');
  request.responseType = 'json';
  return new Promise((resolve, reject) => {
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      onSent(total > 0 ? loaded / total : 0),
    );
    request.upload.addEventListener('load', () => onSent(1));
    request.addEventListener('load', () => {
      if (request.status < 300) resolve(request.response as UploadResponse | AcceptedJob);
      else reject(failureFrom(request.status, (request.response ?? undefined) as Problem | undefined));
    });
    request.addEventListener('error', () => reject(unreachable()));
    request.send(form);
  });
}
