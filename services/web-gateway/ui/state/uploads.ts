import type { AcceptedJob, Effect, Job, UploadResponse } from '@millrace/contracts';
import { asFailure, Failure } from '../api/failure.js';
import { uploadImage } from '../api/images.js';
import { watchJob } from '../api/job-events.js';
import { hasFinished } from '../api/jobs.js';
import { rememberImage } from './recent-images.js';
import { createStore } from './store.js';
import { newKey } from './submission-key.js';
import { say } from './toasts.js';

/** An image that is being uploaded, or was. */
export interface Upload {
  id: number;
  file: File;
  effects: Effect[];
  /** As a job. */
  later: boolean;
  /** The job's Idempotency-Key: the same for every try, until a job has finished. */
  key: string;
  phase: 'waiting' | 'uploading' | 'processing' | 'done' | 'failed';
  /** How much of the file has been sent, 0 to 1. */
  sent: number;
  /** Once the upload is accepted as a job. */
  job?: Job;
  result?: UploadResponse;
  failure?: Failure;
}

/** The latest first. They continue while another page is shown. */
export const uploads = createStore<Upload[]>([]);

/** A browser opens at most six connections to a server, and the rest of the page needs some too. */
const AT_ONCE = 3;
/** Each shows two images. The oldest finished ones are removed to make room. */
const MOST = 24;

let lastId = 0;

export function addUploads(files: File[], effects: Effect[], later: boolean): void {
  const active = uploads.get().filter((upload) => !isOver(upload));
  const room = MOST - active.length;
  if (files.length > room)
    say(`You can add at most ${MOST} images at a time. Skipped: ${files.length - room}.`, { tone: 'danger' });
  const added = files.slice(0, room).map((file): Upload => {
    lastId += 1;
    return { id: lastId, file, effects, later, key: newKey(), phase: 'waiting', sent: 0 };
  });
  const finished = uploads
    .get()
    .filter(isOver)
    .slice(0, room - added.length);
  const stay = new Set([...active, ...finished]);
  uploads.set([...added.reverse(), ...uploads.get().filter((upload) => stay.has(upload))]);
  startWaiting();
}

function isOver({ phase }: Upload): boolean {
  return phase === 'done' || phase === 'failed';
}

export function retryUpload(id: number): void {
  change(id, { phase: 'waiting', sent: 0 });
  startWaiting();
}

export function removeUpload(id: number): void {
  uploads.set(uploads.get().filter((upload) => upload.id !== id));
}

function startWaiting(): void {
  const all = uploads.get();
  const active = all.filter(({ phase }) => phase === 'uploading' || phase === 'processing').length;
  const waiting = all.filter(({ phase }) => phase === 'waiting').reverse();
  for (const upload of waiting.slice(0, Math.max(0, AT_ONCE - active))) {
    change(upload.id, { phase: 'uploading' });
    void send(upload).finally(startWaiting);
  }
}

async function send({ id, file, effects, later, key }: Upload): Promise<void> {
  try {
    const onSent = (sent: number) => change(id, { sent, phase: sent < 1 ? 'uploading' : 'processing' });
    const response = await uploadImage({ file, effects, later, key, onSent });
    const result = 'status_url' in response ? await resultOf(response, id) : response;
    change(id, { phase: 'done', result });
    rememberImage(file.name, result);
  } catch (error) {
    change(id, { phase: 'failed', failure: asFailure(error) });
  }
}

/** Waits for the job to finish. @throws Failure when it has no result */
async function resultOf({ id: jobId }: AcceptedJob, uploadId: number): Promise<UploadResponse> {
  const finished = await new Promise<Job>((resolve, reject) => {
    const onJob = (job: Job) => {
      change(uploadId, { job });
      if (hasFinished(job)) resolve(job);
    };
    const onDeleted = () => reject(new Failure('The job was deleted.', 0));
    watchJob(jobId, { onJob, onDeleted }, new AbortController().signal);
  }).finally(() => {
    // The next try is a new job.
    change(uploadId, { key: newKey() });
  });
  if (finished.status === 'completed') return finished.result as UploadResponse;
  throw new Failure(finished.error ?? `The job was ${finished.status}.`, 0);
}

function change(id: number, changes: Partial<Upload>): void {
  uploads.set(uploads.get().map((upload) => (upload.id === id ? { ...upload, ...changes } : upload)));
}
