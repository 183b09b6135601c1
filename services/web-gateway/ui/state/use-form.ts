import { useRef, useState } from 'preact/hooks';
import { Failure } from '../api/http.js';

export interface Form {
  busy: boolean;
  failure: Failure | undefined;
  /** What is wrong with a field. */
  errorOf: (field: string) => string | undefined;
  /** Sends; one at a time. @returns whether it succeeded */
  submit: (send: () => Promise<unknown>) => Promise<boolean>;
  /** For the form element: the first field with an error gets the focus. */
  ref: { current: HTMLFormElement | null };
}

/** A form's way to the server and back: what is wrong with a field is told at the field. */
export function useForm(): Form {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const ref = useRef<HTMLFormElement>(null);

  const submit = async (send: () => Promise<unknown>) => {
    if (busy) return false;
    setBusy(true);
    setFailure(undefined);
    try {
      await send();
      return true;
    } catch (error) {
      setFailure(error instanceof Failure ? error : new Failure('Something went wrong on this page.', 0));
      requestAnimationFrame(() => ref.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, errorOf: (field) => failure?.fields[field], submit, ref };
}
