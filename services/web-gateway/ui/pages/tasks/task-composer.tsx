import type { CreateTask, Priority } from '@millrace/contracts';
import { useRef, useState } from 'preact/hooks';
import { createTask, queueTask } from '../../api/tasks.js';
import { Field } from '../../parts/field.js';
import { Icon } from '../../parts/icon.js';
import { FailureNotice } from '../../parts/notice.js';
import { useForm } from '../../state/use-form.js';
import { PriorityOptions } from './priority-options.js';

const BLANK: CreateTask = { title: '', description: '', priority: 'medium' };

/** A new task: for a person to do, or for the workers. */
export function TaskComposer({ onCreated }: { onCreated: () => void }) {
  const [task, setTask] = useState(BLANK);
  const [detailed, setDetailed] = useState(false);
  const title = useRef<HTMLInputElement>(null);
  const form = useForm();

  const create = async (way: 'add' | 'queue') => {
    const send = way === 'add' ? createTask : queueTask;
    if (!(await form.submit([way, task], (key) => send(task, key)))) return;
    setTask({ ...BLANK, priority: task.priority });
    setDetailed(false);
    title.current?.focus();
    onCreated();
  };

  return (
    <form
      ref={form.ref}
      class="panel composer"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void create('add');
      }}
    >
      <div class="composer-row">
        <Field label="New task" quiet error={form.errorOf('title') ?? form.errorOf('task')} class="grow">
          <input
            ref={title}
            class="form-control"
            placeholder="What needs to be done?"
            value={task.title}
            onInput={({ currentTarget }) => setTask({ ...task, title: currentTarget.value })}
          />
        </Field>
        <Field label="Priority of the new task" quiet error={form.errorOf('priority')}>
          <select
            class="form-select"
            value={task.priority}
            onChange={({ currentTarget }) => setTask({ ...task, priority: currentTarget.value as Priority })}
          >
            <PriorityOptions />
          </select>
        </Field>
      </div>
      {detailed && (
        <Field label="Description" error={form.errorOf('description')}>
          <textarea
            class="form-control"
            rows={3}
            value={task.description}
            onInput={({ currentTarget }) => setTask({ ...task, description: currentTarget.value })}
          />
        </Field>
      )}
      {form.failure && !form.failure.isAboutFields && <FailureNotice failure={form.failure} />}
      <div class="composer-actions">
        <button
          type="button"
          class="btn btn-link"
          aria-expanded={detailed}
          onClick={() => {
            if (detailed) setTask({ ...task, description: '' });
            setDetailed(!detailed);
          }}
        >
          {detailed ? 'Remove the description' : 'Add a description'}
        </button>
        <button
          type="button"
          class="btn btn-quiet"
          disabled={form.busy}
          title="Hands it to the workers; its status updates here as they work"
          onClick={() => void create('queue')}
        >
          <Icon name="play" /> Run in background
        </button>
        <button type="submit" class="btn btn-primary" disabled={form.busy}>
          <Icon name="plus" /> Add task
        </button>
      </div>
    </form>
  );
}
