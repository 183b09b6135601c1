import { useRef, useState } from 'preact/hooks';
import { asFailure, type Failure } from '../api/failure.js';
import { createSubmissionKeys } from './submission-key.js';

export interface Form {
  busy: boolean;
  failure: Failure | undefined;
  /** What is wrong with a field. */
  errorOf: (field: string) => string | undefined;
  /**
   * Sends; one at a time.
   *
   * @param content what is sent, and to what end: the same content keeps its key until it is accepted
   * @returns whether it succeeded
   */
  submit: (content: unknown, send: (key: string) => Promise<unknown>) => Promise<boolean>;
  /** For the form element: the first field with an error gets the focus. */
  ref: { current: HTMLFormElement | null };
}

/** A form's way to the server and back: what is wrong with a field is told at the field. */
export function useForm(): Form {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const ref = useRef<HTMLFormElement>(null);
  const [keys] = useState(createSubmissionKeys);
  // The state is that of the last rendering: a second click may come before the next.
  const isSending = useRef(false);

  const submit: Form['submit'] = async (content, send) => {
    if (isSending.current) return false;
    isSending.current = true;
    setBusy(true);
    setFailure(undefined);
    try {
      await send(keys.keyOf(content));
      keys.accepted();
      return true;
    } catch (error) {
      setFailure(asFailure(error));
      requestAnimationFrame(() => ref.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
      return false;
    } finally {
      isSending.current = false;
      setBusy(false);
    }
  };
  return { busy, failure, errorOf: (field) => failure?.fields[field], submit, ref };
}
