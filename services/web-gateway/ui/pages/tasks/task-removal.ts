import type { Task } from '@millrace/contracts';
import { deleteTask } from '../../api/tasks.js';
import { Failure } from '../../api/failure.js';
import { excerpt } from '../../parts/text.js';
import { createStore } from '../../state/store.js';
import { say } from '../../state/toasts.js';

const TITLE_LENGTH = 40;

/** The ids of hidden tasks, whose deletion is sent when it can no longer be undone. */
export const removedTasks = createStore<ReadonlySet<string>>(new Set());

export function removeTask({ id, title }: Task): void {
  removedTasks.set(new Set([...removedTasks.get(), id]));
  say(`Deleted “${excerpt(title, TITLE_LENGTH)}”.`, {
    action: { label: 'Undo', run: () => restore(id) },
    onGone: () => void send(id, title),
  });
}

async function send(id: string, title: string): Promise<void> {
  try {
    await deleteTask(id);
  } catch (error) {
    // It is already gone.
    if (error instanceof Failure && error.status === 404) return;
    restore(id);
    say(`“${excerpt(title, TITLE_LENGTH)}” could not be deleted, so it is back in the list.`, {
      tone: 'danger',
    });
  }
}

function restore(id: string): void {
  removedTasks.set(new Set([...removedTasks.get()].filter((other) => other !== id)));
}
