import type { Hop, UploadResponse } from '@millrace/contracts';
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
export const recentImages = createStore<RecentImage[]>(
  JSON.parse(localStorage.getItem(KEY) ?? '[]') as RecentImage[],
);

export function rememberImage(name: string, { id, hops }: UploadResponse): void {
  keep([{ id, name, hops, finishedAt: Date.now() }, ...recentImages.get()].slice(0, KEPT));
}

export function forgetImage(id: string): void {
  keep(recentImages.get().filter((image) => image.id !== id));
}

function keep(images: RecentImage[]): void {
  localStorage.setItem(KEY, JSON.stringify(images));
  recentImages.set(images);
}
