import type { Task } from '@millrace/contracts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { asFailure } from '../../api/failure.js';
import { queryOf } from '../../api/http.js';
import { updateTask } from '../../api/tasks.js';
import { LiveMark } from '../../parts/live-mark.js';
import { Empty, FailureNotice, Skeleton } from '../../parts/notice.js';
import { PageHead } from '../../parts/page-head.js';
import { Paged } from '../../parts/paged.js';
import { replaceQuery, route } from '../../state/route.js';
import { useStore } from '../../state/store.js';
import { say } from '../../state/toasts.js';
import { usePages } from '../../state/use-pages.js';
import { useTaskEvents } from '../../state/use-task-events.js';
import { TaskComposer } from './task-composer.js';
import { TaskEditor } from './task-editor.js';
import { filterInAddress, NO_FILTER } from './task-filter.js';
import { TaskFilters } from './task-filters.js';
import { removedTasks, removeTask } from './task-removal.js';
import { TaskRow } from './task-row.js';

const TYPING_PAUSE_MS = 200;

export function TasksPage() {
  const [filter, setFilter] = useState(filterInAddress);
  const [edited, setEdited] = useState<Task>();
  const removed = useStore(removedTasks);
  const list = useRef<HTMLUListElement>(null);
  const settled = useSettled(filter, TYPING_PAUSE_MS);
  const wanted = { ...settled, q: settled.q.trim() };
  const key = queryOf(wanted);
  const pages = usePages<Task>('/api/tasks', wanted);
  const { rows, failure, depth, older, reload, refresh, replace, showNewest } = pages;
  const live = useTaskEvents(refresh);
  useEffect(() => replaceQuery(key), [key]);
  const { visit } = useStore(route);
  useEffect(() => setFilter(filterInAddress()), [visit]);

  const complete = async (task: Task, completed: boolean) => {
    try {
      replace(await updateTask(task.id, { completed }));
    } catch (error) {
      say(asFailure(error).message, { tone: 'danger' });
    }
    // Even after an error: the box shows what is stored, not what was clicked.
    reload();
  };
  const remove = (task: Task, index: number) => {
    removeTask(task);
    // The focus was in the removed row; move it to the one that takes its place.
    requestAnimationFrame(() => {
      const rows = [
        ...(list.current?.querySelectorAll<HTMLElement>('.task-actions button:last-child') ?? []),
      ];
      (rows[index] ?? rows.at(-1))?.focus();
    });
  };

  const tasks = rows?.filter(({ id }) => !removed.has(id));
  return (
    <>
      <PageHead title="Tasks" about="Things for people to do, or for workers to run in the background.">
        <LiveMark live={live} />
      </PageHead>
      <TaskComposer onCreated={showNewest} />
      <TaskFilters filter={filter} onChange={setFilter} />
      {failure && <FailureNotice failure={failure} onRetry={reload} />}
      {!tasks && !failure && <Skeleton rows={4} />}
      {tasks?.length === 0 && !older && depth === 1 && (
        <NoTasks filtered={key !== ''} onClear={() => setFilter(NO_FILTER)} />
      )}
      <Paged what="tasks" pages={pages}>
        {tasks && tasks.length > 0 && (
          <ul class="tasks panel" ref={list} aria-label="Tasks">
            {tasks.map((task, index) => (
              <TaskRow
                key={task.id}
                task={task}
                onComplete={(completed) => void complete(task, completed)}
                onEdit={() => setEdited(task)}
                onRemove={() => remove(task, index)}
              />
            ))}
          </ul>
        )}
      </Paged>
      {edited && <TaskEditor task={edited} onSaved={replace} onClose={() => setEdited(undefined)} />}
    </>
  );
}

function NoTasks({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (!filtered)
    return (
      <Empty icon="tasks" title="No tasks yet">
        Add the first one above, for yourself or for the workers.
      </Empty>
    );
  return (
    <Empty icon="search" title="Nothing found">
      No task matches the search and filters.{' '}
      <button type="button" class="btn btn-link" onClick={onClear}>
        Show all tasks
      </button>
    </Empty>
  );
}

/** Debounces a value. */
function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(() => value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
