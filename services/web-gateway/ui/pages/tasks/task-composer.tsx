import type { CreateTask } from '@millrace/contracts';
import { useRef, useState } from 'preact/hooks';
import { createTask, queueTask } from '../../api/tasks.js';
import { PRIORITY_WORDS } from '../../parts/badge.js';
import { Form, FormFailure, SelectField, TextField } from '../../parts/form.js';
import { Icon } from '../../parts/icon.js';
import { useForm } from '../../state/use-form.js';

const BLANK: CreateTask = { title: '', description: '', priority: 'medium' };

/** A new task, for people or for background workers. */
export function TaskComposer({ onCreated }: { onCreated: () => void }) {
  const [detailed, setDetailed] = useState(false);
  const title = useRef<HTMLInputElement>(null);
  const form = useForm(BLANK);

  const create = async (way: 'add' | 'queue') => {
    const task = form.values;
    const send = way === 'add' ? createTask : queueTask;
    if (!(await form.submit([way, task], (key) => send(task, key)))) return;
    form.set({ ...BLANK, priority: task.priority });
    setDetailed(false);
    title.current?.focus();
    onCreated();
  };

  return (
    <Form form={form} class="panel composer" onSubmit={() => void create('add')}>
      <div class="composer-row">
        <TextField
          form={form}
          name="title"
          label="New task"
          quiet
          class="grow"
          error={form.errorOf('title') ?? form.errorOf('task')}
          input={{ ref: title, placeholder: 'What needs to be done?' }}
        />
        <SelectField
          form={form}
          name="priority"
          label="Priority of the new task"
          quiet
          words={PRIORITY_WORDS}
        />
      </div>
      {detailed && <TextField form={form} name="description" label="Description" rows={3} />}
      <FormFailure form={form} />
      <div class="composer-actions">
        <button
          type="button"
          class="btn btn-link"
          aria-expanded={detailed}
          onClick={() => {
            if (detailed) form.set({ description: '' });
            setDetailed(!detailed);
          }}
        >
          {detailed ? 'Remove description' : 'Add description'}
        </button>
        <button
          type="button"
          class="btn btn-quiet"
          disabled={form.busy}
          title="A worker does it; its status updates here"
          onClick={() => void create('queue')}
        >
          <Icon name="play" /> Run in background
        </button>
        <button type="submit" class="btn btn-primary" disabled={form.busy}>
          <Icon name="plus" /> Add task
        </button>
      </div>
    </Form>
  );
}
