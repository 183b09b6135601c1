import { createStore } from './store.js';

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'danger';
  /** What can be done about it while it is there. */
  action?: { label: string; run: () => void };
  /** It has gone, and the action was not taken. */
  onGone?: () => void;
}

export const toasts = createStore<Toast[]>([]);

let lastId = 0;
/** More would hide the page. The oldest go. */
const MOST = 4;

/** Says something in passing. */
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

/** False when it has gone already: a toast ends once. */
function take(toast: Toast): boolean {
  const rest = toasts.get().filter(({ id }) => id !== toast.id);
  if (rest.length === toasts.get().length) return false;
  toasts.set(rest);
  return true;
}

// Leaving the page ends every chance to undo.
addEventListener('pagehide', () => toasts.get().forEach(dismiss));
