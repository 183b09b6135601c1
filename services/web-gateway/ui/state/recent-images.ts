import type { Hop, UploadResponse } from '@millrace/contracts';
import { keep, readKept } from './kept.js';
import { createStore } from './store.js';

/** A finished image, as this browser remembers it. */
export interface RecentImage {
  id: string;
  /** Of the file that was uploaded. */
  name: string;
  hops: Hop[];
  /** ms since 1970. */
  finishedAt: number;
}

const KEY = 'millrace.recent-images';
const KEPT = 12;

/** The latest first. The server keeps images for a day only: one that cannot be shown any more is forgotten. */
export const recentImages = createStore(readKept<RecentImage[]>(KEY, []));

export function rememberImage(name: string, { id, hops }: UploadResponse): void {
  put([{ id, name, hops, finishedAt: Date.now() }, ...recentImages.get()].slice(0, KEPT));
}

export function forgetImage(id: string): void {
  put(recentImages.get().filter((image) => image.id !== id));
}

function put(images: RecentImage[]): void {
  keep(KEY, images);
  recentImages.set(images);
}
