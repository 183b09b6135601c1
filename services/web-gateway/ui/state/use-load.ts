import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { asFailure, Failure } from '../api/failure.js';
import { isConnected } from './connection.js';

export interface Loaded<T> {
  /** The latest data. It stays while more is loading, and when that fails. */
  data: T | undefined;
  /** Why the last load failed. */
  failure: Failure | undefined;
  /** Cancels the current load and starts over. */
  reload: () => void;
  /**
   * Loads again as soon as the current load has ended and the server does not ask to wait: for frequent calls, which must not cancel
   * each other.
   */
  refresh: () => void;
  /** Replaces the data until the next load. */
  put: (data: T) => void;
}

/**
 * Loads when `key` changes, on `reload`, when the connection is back, and after a 429 when the time to wait is over. Only the
 * latest response counts.
 *
 * @param load is not compared: everything it depends on belongs in the key
 */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; failure?: Failure }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const underWay = useRef<AbortController>(undefined);
  const again = useRef(false);
  /** Set while the server asks to wait. */
  const pause = useRef<number>(undefined);

  const endPause = useCallback(() => {
    clearTimeout(pause.current);
    pause.current = undefined;
  }, []);

  const reload = useCallback(() => {
    underWay.current?.abort();
    endPause();
    const { signal } = (underWay.current = new AbortController());
    const rest = (failure: Failure) => {
      pause.current = window.setTimeout(() => {
        pause.current = undefined;
        if (failure.status === 429 || again.current) reload();
      }, failure.retryAfterMs);
    };
    again.current = false;
    latest
      .current(signal)
      .then(
        (data) => !signal.aborted && setState({ key, data }),
        (error: unknown) => {
          if (signal.aborted) return;
          const failure = asFailure(error);
          if (failure.retryAfterMs !== undefined) rest(failure);
          setState((before) => ({ ...before, key, failure: inBackground(failure) }));
        },
      )
      .finally(() => {
        if (signal.aborted) return;
        underWay.current = undefined;
        if (again.current && pause.current === undefined) reload();
      });
  }, [key, endPause]);
  const refresh = useCallback(() => {
    if (underWay.current || pause.current !== undefined) again.current = true;
    else reload();
  }, [reload]);

  useEffect(() => {
    reload();
    const unsubscribe = isConnected.subscribe((connected) => connected && reload());
    return () => {
      unsubscribe();
      underWay.current?.abort();
      endPause();
    };
  }, [reload, endPause]);

  const put = useCallback((data: T) => setState({ key, data }), [key]);
  return { data: state.data, failure: state.failure, reload, refresh, put };
}

/** A 429 needs no action here. */
function inBackground(failure: Failure): Failure {
  const { status, retryAfterMs } = failure;
  if (status !== 429 || retryAfterMs === undefined) return failure;
  const seconds = Math.ceil(retryAfterMs / 1_000);
  return new Failure(`Too many requests. Retrying in ${seconds} s.`, status, failure);
}
