import type { Task } from '@millrace/contracts';
import { deleteTask } from '../../api/tasks.js';
import { Failure } from '../../api/failure.js';
import { excerpt } from '../../parts/text.js';
import { createStore } from '../../state/store.js';
import { say } from '../../state/toasts.js';

const TITLE_LENGTH = 40;

/** The ids of tasks that are hidden: their deletion is sent when it can no longer be undone. */
export const removedTasks = createStore<ReadonlySet<string>>(new Set());

export function removeTask({ id, title }: Task): void {
  removedTasks.set(new Set([...removedTasks.get(), id]));
  say(`Deleted “${excerpt(title, TITLE_LENGTH)}”.`, {
    action: { label: 'Undo', run: () => bringBack(id) },
    onGone: () => void send(id, title),
  });
}

async function send(id: string, title: string): Promise<void> {
  try {
    await deleteTask(id);
  } catch (error) {
    // It is gone already.
    if (error instanceof Failure && error.status === 404) return;
    bringBack(id);
    say(`“${excerpt(title, TITLE_LENGTH)}” could not be deleted and is back in the list.`, {
      tone: 'danger',
    });
  }
}

function bringBack(id: string): void {
  removedTasks.set(new Set([...removedTasks.get()].filter((other) => other !== id)));
}
