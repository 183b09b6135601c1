import type { AcceptedJob, Effect, Job, UploadResponse } from '@millrace/contracts';
import { asFailure, Failure } from '../api/failure.js';
import { uploadImage } from '../api/images.js';
import { watchJob } from '../api/job-events.js';
import { hasEnded } from '../api/jobs.js';
import { rememberImage } from './recent-images.js';
import { createStore } from './store.js';
import { newKey } from './submission-key.js';
import { say } from './toasts.js';

/** An image on its way. */
export interface Upload {
  id: number;
  file: File;
  effects: Effect[];
  /** As a job. */
  later: boolean;
  /** Of the job: the same for each try, until one has ended. */
  key: string;
  phase: 'waiting' | 'uploading' | 'processing' | 'done' | 'failed';
  /** How much of the file has been sent, 0 to 1. */
  sent: number;
  /** Once it is accepted as one. */
  job?: Job;
  result?: UploadResponse;
  failure?: Failure;
}

/** The latest first. They go on while another page is shown. */
export const uploads = createStore<Upload[]>([]);

/** A browser has six connections to a server; the rest of the page needs some, too. */
const AT_ONCE = 3;
/** Each shows two pictures. The oldest of those that have finished make room. */
const MOST = 24;

let lastId = 0;

export function addUploads(files: File[], effects: Effect[], later: boolean): void {
  const active = uploads.get().filter((upload) => !hasFinished(upload));
  const room = MOST - active.length;
  if (files.length > room)
    say(`${MOST} images at a time are the most: ${files.length - room} were left out.`, { tone: 'danger' });
  const added = files.slice(0, room).map((file): Upload => {
    lastId += 1;
    return { id: lastId, file, effects, later, key: newKey(), phase: 'waiting', sent: 0 };
  });
  const finished = uploads
    .get()
    .filter(hasFinished)
    .slice(0, room - added.length);
  const stay = new Set([...active, ...finished]);
  uploads.set([...added.reverse(), ...uploads.get().filter((upload) => stay.has(upload))]);
  startWaiting();
}

function hasFinished({ phase }: Upload): boolean {
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
  const underWay = all.filter(({ phase }) => phase === 'uploading' || phase === 'processing').length;
  const waiting = all.filter(({ phase }) => phase === 'waiting').reverse();
  for (const upload of waiting.slice(0, Math.max(0, AT_ONCE - underWay))) {
    change(upload.id, { phase: 'uploading' });
    void send(upload).finally(startWaiting);
  }
}

async function send({ id, file, effects, later, key }: Upload): Promise<void> {
  try {
    const onSent = (sent: number) => change(id, { sent, phase: sent < 1 ? 'uploading' : 'processing' });
    const answer = await uploadImage({ file, effects, later, key, onSent });
    const result = 'status_url' in answer ? await resultOf(answer, id) : answer;
    change(id, { phase: 'done', result });
    rememberImage(file.name, result);
  } catch (error) {
    change(id, { phase: 'failed', failure: asFailure(error) });
  }
}

/** Follows the job to its end. @throws Failure when it ends without a result */
async function resultOf({ id: jobId }: AcceptedJob, uploadId: number): Promise<UploadResponse> {
  const ended = await new Promise<Job>((resolve, reject) => {
    const onJob = (job: Job) => {
      change(uploadId, { job });
      if (hasEnded(job)) resolve(job);
    };
    const onDeleted = () => reject(new Failure('The job was deleted.', 0));
    watchJob(jobId, { onJob, onDeleted }, new AbortController().signal);
  }).finally(() => {
    // Another try after this is another job.
    change(uploadId, { key: newKey() });
  });
  if (ended.status === 'completed') return ended.result as UploadResponse;
  throw new Failure(ended.error ?? `The job was ${ended.status}.`, 0);
}

function change(id: number, changes: Partial<Upload>): void {
  uploads.set(uploads.get().map((upload) => (upload.id === id ? { ...upload, ...changes } : upload)));
}
