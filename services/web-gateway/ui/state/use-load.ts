import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { asFailure, Failure } from '../api/failure.js';
import { isConnected } from './connection.js';

export interface Loaded<T> {
  /** What came last; it stays while more is loaded, and when that fails. */
  data: T | undefined;
  /** Why the last try failed. */
  failure: Failure | undefined;
  /** Gives up what is under way, and loads anew. */
  reload: () => void;
  /**
   * Loads anew as soon as what is under way has ended, and the server does not ask to wait: for those who ask often, and must
   * not give up each time.
   */
  refresh: () => void;
  /** Puts other data in place until the next load. */
  put: (data: T) => void;
}

/**
 * Loads when `key` changes, on `reload`, when the connection is back, and after 429 when the server's pause is over. Only the
 * latest answer counts.
 *
 * @param load is not compared: what it depends on belongs into the key
 */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; failure?: Failure }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const underWay = useRef<AbortController>(undefined);
  const again = useRef(false);
  /** Set while the server asks to be left alone. */
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

/** Nobody has to do anything about a 429 here. */
function inBackground(failure: Failure): Failure {
  const { status, retryAfterMs } = failure;
  if (status !== 429 || retryAfterMs === undefined) return failure;
  const seconds = Math.ceil(retryAfterMs / 1_000);
  return new Failure(`Too many requests. This page tries again in ${seconds} s.`, status, failure);
}
