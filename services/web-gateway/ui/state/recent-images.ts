import type { Hop, UploadResponse } from '@millrace/contracts';
import { discard, hasShape, keep, readKeptList } from './kept.js';
import { createStore } from './store.js';

/** A finished image, as this browser remembers it. */
export interface RecentImage {
  /** Where it is. */
  url: string;
  /** The name of the uploaded file. */
  name: string;
  hops: Hop[];
  /** ms since 1970. */
  finishedAt: number;
  /** The server has deleted it. It is shown until the page is left. */
  gone?: boolean;
}

let key = 'millrace.recent-images';
const KEPT = 12;
const LONGEST_NAME = 255;

/** The latest first. */
export const recentImages = createStore<RecentImage[]>([]);

/** Reads what the browser has stored. @param person the signed-in user, because images are private; '' without sign-in */
export function recallImages(person: string): void {
  if (person !== '') key += `.${person}`;
  recentImages.set(readKeptList(key, isRecentImage, KEPT));
}

/** When they sign out. */
export function forgetImages(): void {
  discard(key);
  recentImages.set([]);
}

export function rememberImage(name: string, { view_url, hops }: UploadResponse): void {
  const image = { url: view_url, name: name.slice(0, LONGEST_NAME), hops, finishedAt: Date.now() };
  put([image, ...recentImages.get()].slice(0, KEPT));
}

/** Call it when the server has deleted the image. */
export function forgetImage(url: string): void {
  put(recentImages.get().map((image) => (image.url === url ? { ...image, gone: true } : image)));
}

function put(images: RecentImage[]): void {
  keep(
    key,
    images.filter(({ gone }) => !gone),
  );
  recentImages.set(images);
}

function isRecentImage(found: unknown): found is RecentImage {
  return (
    hasShape(found, { url: 'string', name: 'string', hops: 'object', finishedAt: 'number' }) &&
    /^\/image\/[\w-]+$/.test(found.url) &&
    found.name.length <= LONGEST_NAME &&
    isTime(found.finishedAt) &&
    Array.isArray(found.hops) &&
    found.hops.every(isHop)
  );
}

function isHop(found: unknown): found is Hop {
  return hasShape(found, { effect: 'string', pod: 'string', ms: 'number' });
}

function isTime(ms: number): boolean {
  return !Number.isNaN(new Date(ms).getTime());
}
