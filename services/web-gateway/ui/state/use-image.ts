import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Failure } from '../api/failure.js';
import { getImage } from '../api/images.js';
import { isConnected } from './connection.js';
import { previewOf } from './preview.js';

/** What can be shown of an image. */
export type ImageState =
  | { state: 'loading' }
  /** @param url of a preview; it is freed when the image is no longer shown */
  | { state: 'shown'; url: string }
  /** It may be available later, and is retried automatically. */
  | { state: 'unavailable'; retry: () => void }
  /** The server has deleted it. */
  | { state: 'gone' }
  /** This browser cannot read it. */
  | { state: 'unreadable' };

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Loads an image and creates a preview of it.
 *
 * @param source a URL on this server, or a local file
 * @param edge the maximum length of the preview's longer side, in pixels
 */
export function useImage(source: string | Blob, edge: number): ImageState {
  const [image, setImage] = useState<ImageState>({ state: 'loading' });
  const [round, setRound] = useState(0);
  const failures = useRef(0);
  const retry = useCallback(() => setRound((before) => before + 1), []);

  useEffect(() => {
    const left = new AbortController();
    const { signal } = left;
    let url: string | undefined;
    let timer: number | undefined;

    const load = async () => {
      try {
        const whole = typeof source === 'string' ? await getImage(source, signal) : source;
        const preview = await previewOf(whole, edge, signal);
        if (signal.aborted) return;
        url = URL.createObjectURL(preview);
        failures.current = 0;
        setImage({ state: 'shown', url });
      } catch (error) {
        if (signal.aborted) return;
        const failure = error instanceof Failure ? error : undefined;
        if (!failure || failure.status === 404) {
          setImage({ state: failure ? 'gone' : 'unreadable' });
          return;
        }
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures.current);
        failures.current += 1;
        timer = window.setTimeout(retry, Math.max(pause, failure.retryAfterMs ?? 0));
        setImage({ state: 'unavailable', retry });
      }
    };
    void load();
    const unsubscribe = isConnected.subscribe((connected) => connected && timer !== undefined && retry());
    return () => {
      left.abort();
      clearTimeout(timer);
      unsubscribe();
      if (url !== undefined) URL.revokeObjectURL(url);
    };
  }, [source, edge, round, retry]);
  return image;
}
