import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Failure } from '../api/http.js';
import { isConnected } from './connection.js';

export interface Loaded<T> {
  /** What came last; it stays while more is loaded, and when that fails. */
  data: T | undefined;
  /** Why the last try failed. */
  failure: Failure | undefined;
  /** Gives up what is under way, and loads anew. */
  reload: () => void;
  /** Loads anew as soon as what is under way has ended: for those who ask often, and must not give up each time. */
  refresh: () => void;
  /** Puts other data in place until the next load. */
  put: (data: T) => void;
}

/**
 * Loads when `key` changes, on `reload`, and when the connection is back. Only the latest answer counts.
 *
 * @param load is not compared: what it depends on belongs into the key
 */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; failure?: Failure }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const underWay = useRef<AbortController>(undefined);
  const again = useRef(false);

  const reload = useCallback(() => {
    underWay.current?.abort();
    const { signal } = (underWay.current = new AbortController());
    latest
      .current(signal)
      .then(
        (data) => !signal.aborted && setState({ key, data }),
        (error: unknown) => {
          if (signal.aborted) return;
          const failure =
            error instanceof Failure ? error : new Failure('Something went wrong on this page.', 0);
          setState((before) => ({ ...before, key, failure }));
        },
      )
      .finally(() => {
        if (signal.aborted) return;
        underWay.current = undefined;
        if (!again.current) return;
        again.current = false;
        reload();
      });
  }, [key]);
  const refresh = useCallback(() => {
    if (underWay.current) again.current = true;
    else reload();
  }, [reload]);

  useEffect(() => {
    reload();
    const unsubscribe = isConnected.subscribe((connected) => connected && reload());
    return () => {
      unsubscribe();
      underWay.current?.abort();
    };
  }, [reload]);

  const put = useCallback((data: T) => setState({ key, data }), [key]);
  return { data: state.data, failure: state.failure, reload, refresh, put };
}
