import type { Task } from '@millrace/contracts';
import { deleteTask } from '../../api/tasks.js';
import { Failure } from '../../api/http.js';
import { createStore } from '../../state/store.js';
import { say } from '../../state/toasts.js';

/** The ids of tasks that are gone for the eye: their deletion is sent when it can no longer be undone. */
export const removedTasks = createStore<ReadonlySet<string>>(new Set());

export function removeTask({ id, title }: Task): void {
  removedTasks.set(new Set([...removedTasks.get(), id]));
  say(`Deleted “${shorten(title)}”.`, {
    action: { label: 'Undo', run: () => bringBack(id) },
    onGone: () => void send(id, title),
  });
}

async function send(id: string, title: string): Promise<void> {
  try {
    await deleteTask(id);
  } catch (error) {
    // Somebody else was quicker.
    if (error instanceof Failure && error.status === 404) return;
    bringBack(id);
    say(`“${shorten(title)}” could not be deleted and is back in the list.`, { tone: 'danger' });
  }
}

function bringBack(id: string): void {
  removedTasks.set(new Set([...removedTasks.get()].filter((other) => other !== id)));
}

function shorten(title: string): string {
  return title.length > 40 ? `${title.slice(0, 39)}…` : title;
}
