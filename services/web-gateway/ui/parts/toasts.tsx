import { useEffect, useState } from 'preact/hooks';
import { useStore } from '../state/store.js';
import { act, dismiss, type Toast, toasts } from '../state/toasts.js';
import { Icon } from './icon.js';

const STAYS_MS = 7_000;

/** Short messages, announced by screen readers. They stay while the pointer or the focus is on them. */
export function Toasts() {
  const shown = useStore(toasts);

  useEffect(() => {
    // Undoes the latest action, except while typing.
    const undo = (event: KeyboardEvent) => {
      if (event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
      if ((event.target as Element).matches('input, textarea, select')) return;
      const last = toasts.get().findLast(({ action }) => action);
      if (!last) return;
      event.preventDefault();
      act(last);
    };
    addEventListener('keydown', undo);
    return () => removeEventListener('keydown', undo);
  }, []);

  return (
    <div class="toasts" role="region" aria-label="Notifications" aria-live="polite">
      {shown.map((toast) => (
        <Message key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function Message({ toast }: { toast: Toast }) {
  const [hovered, setHovered] = useState(false);
  const [focused, setFocused] = useState(false);
  const held = hovered || focused;
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismiss(toast), STAYS_MS);
    return () => clearTimeout(timer);
  }, [held, toast]);

  return (
    <div
      class={`toast-message is-${toast.tone}`}
      onPointerEnter={() => setHovered(true)}
      onPointerLeave={() => setHovered(false)}
      onFocusIn={() => setFocused(true)}
      onFocusOut={() => setFocused(false)}
    >
      <p>{toast.text}</p>
      {toast.action && (
        <button type="button" class="btn btn-sm btn-toast" onClick={() => act(toast)}>
          {toast.action.label}
        </button>
      )}
      <button type="button" class="btn-icon" aria-label="Dismiss" onClick={() => dismiss(toast)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
