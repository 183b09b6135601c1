import type { Priority, Task, TaskStatus } from '@millrace/contracts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Failure, queryOf } from '../../api/http.js';
import { listTasks, type TaskFilter, updateTask } from '../../api/tasks.js';
import { LiveMark } from '../../parts/live-mark.js';
import { Empty, FailureNotice, Skeleton } from '../../parts/notice.js';
import { PageHead } from '../../parts/page-head.js';
import { replaceQuery, route } from '../../state/route.js';
import { useStore } from '../../state/store.js';
import { say } from '../../state/toasts.js';
import { useLoad } from '../../state/use-load.js';
import { useTaskEvents } from '../../state/use-task-events.js';
import { TaskComposer } from './task-composer.js';
import { TaskEditor } from './task-editor.js';
import { TaskFilters } from './task-filters.js';
import { removedTasks, removeTask } from './task-removal.js';
import { TaskRow } from './task-row.js';

const PAGE_LENGTH = 25;
const TYPING_PAUSE_MS = 200;

export function TasksPage() {
  const [filter, setFilter] = useState(filterInAddress);
  const [count, setCount] = useState(PAGE_LENGTH);
  const [edited, setEdited] = useState<Task>();
  const removed = useStore(removedTasks);
  const list = useRef<HTMLUListElement>(null);
  const settled = useSettled(filter, TYPING_PAUSE_MS);
  const key = queryOf({ ...settled, q: settled.q.trim() });
  const { data, failure, reload, refresh, put } = useLoad(`${key} ${count}`, (signal) =>
    listTasks({ ...settled, q: settled.q.trim() }, count, signal),
  );
  const live = useTaskEvents(refresh);
  useEffect(() => replaceQuery(key), [key]);
  const { visit } = useStore(route);
  useEffect(() => setFilter(filterInAddress()), [visit]);

  const replace = (task: Task) =>
    data && put({ ...data, tasks: data.tasks.map((other) => (other.id === task.id ? task : other)) });
  const complete = async (task: Task, completed: boolean) => {
    try {
      replace(await updateTask(task.id, { completed }));
    } catch (error) {
      say(error instanceof Failure ? error.message : 'That did not work.', { tone: 'danger' });
    }
    // In every case: the box shows what is, not what was clicked.
    reload();
  };
  const remove = (task: Task, index: number) => {
    removeTask(task);
    // The focus was in the row that goes: it passes to the one that takes its place.
    requestAnimationFrame(() => {
      const rows = [
        ...(list.current?.querySelectorAll<HTMLElement>('.task-actions button:last-child') ?? []),
      ];
      (rows[index] ?? rows.at(-1))?.focus();
    });
  };

  const tasks = data?.tasks.filter(({ id }) => !removed.has(id));
  return (
    <>
      <PageHead title="Tasks" about="For people to do, or for the workers to run in the background.">
        <LiveMark live={live} />
      </PageHead>
      <TaskComposer onCreated={reload} />
      <TaskFilters
        filter={filter}
        onChange={(changed) => {
          setFilter(changed);
          setCount(PAGE_LENGTH);
        }}
      />
      {failure && <FailureNotice failure={failure} onRetry={reload} />}
      {!tasks && !failure && <Skeleton rows={4} />}
      {tasks?.length === 0 && !data?.more && (
        <NoTasks filtered={key !== ''} onClear={() => setFilter(NO_FILTER)} />
      )}
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
      {data?.more && (
        <button type="button" class="btn btn-quiet more" onClick={() => setCount(count + PAGE_LENGTH)}>
          Show older tasks
        </button>
      )}
      {edited && <TaskEditor task={edited} onSaved={replace} onClose={() => setEdited(undefined)} />}
    </>
  );
}

const NO_FILTER: TaskFilter = { q: '', status: '', priority: '' };

function filterInAddress(): TaskFilter {
  const { query } = route.get();
  return {
    q: query.get('q') ?? '',
    status: (query.get('status') ?? '') as TaskStatus | '',
    priority: (query.get('priority') ?? '') as Priority | '',
  };
}

function NoTasks({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (!filtered)
    return (
      <Empty icon="tasks" title="No tasks yet">
        Write down the first one above, and choose whether you or the workers do it.
      </Empty>
    );
  return (
    <Empty icon="search" title="Nothing found">
      No task fits the search and the filters.{' '}
      <button type="button" class="btn btn-link" onClick={onClear}>
        Show all tasks
      </button>
    </Empty>
  );
}

/** The value, once it has stayed the same for a moment. */
function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(() => value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
