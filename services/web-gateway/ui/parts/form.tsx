import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import type { Form as FormState } from '../state/use-form.js';
import { Field, type FieldProps } from './field.js';
import { FailureNotice } from './notice.js';
import { Select } from './select.js';

interface FormProps {
  form: FormState;
  class?: string;
  onSubmit: () => void;
  children: ComponentChildren;
}

export function Form({ form, class: className, onSubmit, children }: FormProps) {
  return (
    <form
      ref={form.ref}
      class={className}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
    </form>
  );
}

/** Why the submission failed, unless its fields say so. */
export function FormFailure({ form: { failure }, onRetry }: { form: FormState; onRetry?: () => void }) {
  if (!failure || failure.isAboutFields) return null;
  return <FailureNotice failure={failure} onRetry={onRetry} />;
}

interface FormFieldProps<Values extends object> extends Omit<FieldProps, 'children'> {
  form: FormState<Values>;
  name: keyof Values & string;
}

/** One line of text, or several when `rows` is given. */
export function TextField<Values extends object>(
  props: FormFieldProps<Values> & {
    rows?: number;
    input?: InputHTMLAttributes;
  },
) {
  const { form, name, rows, input, error = form.errorOf(name), ...field } = props;
  const Control = rows === undefined ? 'input' : 'textarea';
  return (
    <Field {...field} error={error}>
      <Control
        {...(input as object)}
        {...(rows !== undefined && { rows })}
        class="form-control"
        value={String(form.values[name])}
        onInput={({ currentTarget }: { currentTarget: { value: string } }) =>
          form.set({ [name]: currentTarget.value } as Partial<Values>)
        }
      />
    </Field>
  );
}

export function SelectField<Values extends object>(
  props: FormFieldProps<Values> & { words: Record<string, string> },
) {
  const { form, name, words, error = form.errorOf(name), ...field } = props;
  return (
    <Field {...field} error={error}>
      <Select
        words={words}
        value={String(form.values[name])}
        onChange={(value) => form.set({ [name]: value } as Partial<Values>)}
      />
    </Field>
  );
}
