import { useEffect, useRef, useState } from 'preact/hooks';
import { openEvents } from '../api/access.js';

const SETTLE_MS = 80;
/** No matter how often something changes. */
const CALL_BACK_EVERY_MS = 1_000;
const RECONNECT_AFTER_MS = 3_000;

/**
 * Calls back whenever a task or job may have changed, here or in another tab, and after every interruption of the stream.
 * The stream is open only while the tab is visible, because a browser opens at most six connections to a server, for all tabs together.
 *
 * @returns whether it is open
 */
export function useTaskEvents(onChange: () => void): boolean {
  const [live, setLive] = useState(false);
  const latest = useRef(onChange);
  latest.current = onChange;

  useEffect(() => {
    let source: EventSource | undefined;
    let reconnecting: number | undefined;
    let settling: number | undefined;
    let calledBackAt = -CALL_BACK_EVERY_MS;

    // A burst counts as one change.
    const change = () => {
      const pause = calledBackAt + CALL_BACK_EVERY_MS - performance.now();
      settling ??= window.setTimeout(
        () => {
          settling = undefined;
          calledBackAt = performance.now();
          latest.current();
        },
        Math.max(SETTLE_MS, pause),
      );
    };
    const close = () => {
      source?.close();
      source = undefined;
      clearTimeout(reconnecting);
      setLive(false);
    };
    const open = () => {
      close();
      const opened = (source = openEvents('/api/tasks/events'));
      opened.addEventListener('open', () => {
        setLive(true);
        change();
      });
      opened.addEventListener('change', change);
      opened.addEventListener('error', () => {
        setLive(false);
        // After a status such as 503, a browser gives up for good.
        if (opened.readyState === EventSource.CLOSED)
          reconnecting = window.setTimeout(open, RECONNECT_AFTER_MS);
      });
    };
    const follow = () => (document.visibilityState === 'visible' ? open() : close());

    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      clearTimeout(settling);
      close();
    };
  }, []);

  return live;
}
