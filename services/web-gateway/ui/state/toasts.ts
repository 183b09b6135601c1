import { createStore } from './store.js';

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'danger';
  /** A button that is shown with it. */
  action?: { label: string; run: () => void };
  /** Called when it disappears without the action being taken. */
  onGone?: () => void;
}

export const toasts = createStore<Toast[]>([]);

let lastId = 0;
/** More would hide the page. The oldest are dismissed. */
const MOST = 4;

/** Shows a message for a few seconds. */
export function say(text: string, options: Partial<Omit<Toast, 'id' | 'text'>> = {}): void {
  lastId += 1;
  toasts.set([...toasts.get(), { id: lastId, text, tone: 'plain', ...options }]);
  toasts.get().slice(0, -MOST).forEach(dismiss);
}

export function dismiss(toast: Toast): void {
  if (take(toast)) toast.onGone?.();
}

export function act(toast: Toast): void {
  if (take(toast)) toast.action?.run();
}

/** False when it is already gone: a toast ends once. */
function take(toast: Toast): boolean {
  const rest = toasts.get().filter(({ id }) => id !== toast.id);
  if (rest.length === toasts.get().length) return false;
  toasts.set(rest);
  return true;
}

// Leaving the page ends every chance to undo.
addEventListener('pagehide', () => toasts.get().forEach(dismiss));
