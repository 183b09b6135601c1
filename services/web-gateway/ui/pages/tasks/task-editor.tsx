import type { Priority, Task } from '@millrace/contracts';
import { useState } from 'preact/hooks';
import { updateTask } from '../../api/tasks.js';
import { Dialog } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { FailureNotice } from '../../parts/notice.js';
import { useForm } from '../../state/use-form.js';
import { PriorityOptions } from './priority-options.js';

interface TaskEditorProps {
  task: Task;
  onSaved: (task: Task) => void;
  onClose: () => void;
}

export function TaskEditor({ task, onSaved, onClose }: TaskEditorProps) {
  const [{ title, description, priority }, setDraft] = useState(task);
  const form = useForm();

  const save = async () => {
    const changes = { title, description, priority };
    const saved = await form.submit(changes, async () => onSaved(await updateTask(task.id, changes)));
    if (saved) onClose();
  };

  return (
    <Dialog title="Edit task" onClose={onClose}>
      <form
        ref={form.ref}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field label="Title" error={form.errorOf('title')}>
          <input
            class="form-control"
            value={title}
            onInput={({ currentTarget }) => setDraft((draft) => ({ ...draft, title: currentTarget.value }))}
          />
        </Field>
        <Field label="Description" error={form.errorOf('description')}>
          <textarea
            class="form-control"
            rows={4}
            value={description}
            onInput={({ currentTarget }) =>
              setDraft((draft) => ({ ...draft, description: currentTarget.value }))
            }
          />
        </Field>
        <Field label="Priority" error={form.errorOf('priority')}>
          <select
            class="form-select"
            value={priority}
            onChange={({ currentTarget }) =>
              setDraft((draft) => ({ ...draft, priority: currentTarget.value as Priority }))
            }
          >
            <PriorityOptions />
          </select>
        </Field>
        {form.failure && !form.failure.isAboutFields && <FailureNotice failure={form.failure} />}
        <div class="dialog-actions">
          <button type="button" class="btn btn-quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="btn btn-primary" disabled={form.busy}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
