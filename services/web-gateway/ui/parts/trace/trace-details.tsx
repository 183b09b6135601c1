import { useEffect, useRef, useState } from 'preact/hooks';
import { getTrace, hasTraces, jaegerPage } from '../../api/traces.js';
import { useEvery } from '../../state/use-every.js';
import { useLoad } from '../../state/use-load.js';
import { FailureNotice, Skeleton } from '../notice.js';
import { Waterfall } from './waterfall.js';

interface TraceOf {
  /** The path of a job or an image. */
  of: string;
  /** Whether it is still in progress. */
  live?: boolean;
}

/** The trace of a job or an image, which is loaded when it is opened. Nothing when the server has no traces. */
export function TraceDetails({ initiallyOpen = false, ...trace }: TraceOf & { initiallyOpen?: boolean }) {
  const [open, setOpen] = useState(initiallyOpen);
  if (!hasTraces) return null;
  return (
    <details class="trace" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Trace</summary>
      {open && <LoadedTrace key={trace.of} {...trace} />}
    </details>
  );
}

const REFRESH_EVERY_MS = 1_000;
/** Processes export their spans with a delay: up to five seconds by default. */
const SETTLES_AFTER_MS = 8_000;

function LoadedTrace({ of, live = false }: TraceOf) {
  const { data: trace, failure, reload, refresh } = useLoad(of, (signal) => getTrace(of, signal));
  const settlesAt = useRef(0);
  useEffect(() => {
    settlesAt.current = Date.now() + SETTLES_AFTER_MS;
  }, [live]);
  useEvery(REFRESH_EVERY_MS, () => (live || Date.now() < settlesAt.current) && refresh());

  const page = trace && jaegerPage(trace);
  return (
    <>
      {failure?.status === 404 && <p class="quiet">{failure.message}</p>}
      {failure && failure.status !== 404 && <FailureNotice failure={failure} onRetry={reload} />}
      {!trace && !failure && <Skeleton rows={3} />}
      {trace && <Waterfall trace={trace} />}
      {page !== undefined && (
        <p>
          <a href={page} target="_blank" rel="noopener">
            Open it in Jaeger
          </a>
        </p>
      )}
    </>
  );
}
