import { useRef, useState } from 'preact/hooks';
import { asFailure, type Failure } from '../api/failure.js';
import { createSubmissionKeys } from './submission-key.js';

export interface Form<Values extends object = object> {
  values: Values;
  set(changes: Partial<Values>): void;
  busy: boolean;
  failure: Failure | undefined;
  /** What is wrong with a field. */
  errorOf(field: string): string | undefined;
  /**
   * Sends, one at a time.
   *
   * @param content what is sent, and for what: the same content keeps its key until it is accepted
   * @returns whether it succeeded
   */
  submit(content: unknown, send: (key: string) => Promise<unknown>): Promise<boolean>;
  /** For the form element: the first invalid field gets the focus. */
  ref: { current: HTMLFormElement | null };
}

/** The values of a form, and its submission. The server validates; the form shows each error at its field. */
export function useForm<Values extends object>(initial: Values): Form<Values> {
  const [values, setValues] = useState(initial);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const ref = useRef<HTMLFormElement>(null);
  const [keys] = useState(createSubmissionKeys);
  // State is as of the last render; a second click can come before the next one.
  const isSending = useRef(false);

  return {
    values,
    set: (changes) => setValues((before) => ({ ...before, ...changes })),
    busy,
    failure,
    errorOf: (field) => failure?.fields[field],
    async submit(content, send) {
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
    },
    ref,
  };
}
