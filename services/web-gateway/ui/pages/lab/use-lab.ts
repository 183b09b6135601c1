import type { LabRunQuery } from '@millrace/contracts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Failure } from '../../api/failure.js';
import { runLab } from '../../api/lab.js';
import { rememberRun } from './lab-history.js';
import { type LabRun, withEvent } from './lab-run.js';
import { sampleImage } from './sample-image.js';

const REDRAW_EVERY_MS = 100;

/** Runs the lab, one run at a time. */
export function useLab() {
  const [run, setRun] = useState<LabRun>();
  const [running, setRunning] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const [now, setNow] = useState(0);
  const isRunning = useRef(false);
  const stopping = useRef<AbortController>(undefined);

  useEffect(() => {
    if (!running) return;
    const begun = performance.now();
    const timer = setInterval(() => setNow(performance.now() - begun), REDRAW_EVERY_MS);
    return () => clearInterval(timer);
  }, [running]);
  // The server stops the run when the connection closes.
  useEffect(() => () => stopping.current?.abort(), []);

  const start = async (settings: LabRunQuery) => {
    // A second click can come before the next render.
    if (isRunning.current) return;
    isRunning.current = true;
    const controller = (stopping.current = new AbortController());
    let current: LabRun = { settings, startedAt: Date.now(), begun: {}, done: [] };
    setRun(current);
    setNow(0);
    setFailure(undefined);
    setRunning(true);
    try {
      const image = await sampleImage();
      await runLab(
        settings,
        image,
        (event) => setRun((current = withEvent(current, event))),
        controller.signal,
      );
      if (current.ms === undefined) throw new Failure('The run was interrupted.', 503);
      rememberRun(current, current.ms);
    } catch (error) {
      if (!controller.signal.aborted)
        setFailure(error instanceof Failure ? error : new Failure('The run was interrupted.', 503));
    } finally {
      isRunning.current = false;
      setRunning(false);
    }
  };
  return { run, running, failure, now, start, stop: () => stopping.current?.abort() };
}
