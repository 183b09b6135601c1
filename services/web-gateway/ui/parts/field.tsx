import { type ComponentChildren, toChildArray, cloneElement, type VNode } from 'preact';
import { useId } from 'preact/hooks';

export interface FieldProps {
  label: string;
  /** What is wrong with it, to follow the label: “must not be empty”. */
  error?: string | undefined;
  hint?: ComponentChildren;
  /** The label is for screen readers only. */
  quiet?: boolean;
  class?: string;
  /** One input, select or textarea. */
  children: VNode<Record<string, unknown>>;
}

/** A control with its label, its error and its hint. Screen readers announce all three. */
export function Field({ label, error, hint, quiet = false, class: className = '', children }: FieldProps) {
  const id = useId();
  const [control] = toChildArray(children) as FieldProps['children'][];
  const described = [error !== undefined && `${id}-error`, hint !== undefined && `${id}-hint`];
  return (
    <div class={`field ${className}`}>
      <label for={id} class={quiet ? 'visually-hidden' : 'form-label'}>
        {label}
      </label>
      {cloneElement(control!, {
        id,
        'aria-invalid': error !== undefined,
        'aria-describedby': described.filter(Boolean).join(' ') || undefined,
      })}
      {error !== undefined && (
        <p class="field-error" id={`${id}-error`}>
          {label} {error}.
        </p>
      )}
      {hint !== undefined && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
