import type { Task } from '@millrace/contracts';
import { updateTask } from '../../api/tasks.js';
import { PRIORITY_WORDS } from '../../parts/badge.js';
import { Dialog } from '../../parts/dialog.js';
import { Form, FormFailure, SelectField, TextField } from '../../parts/form.js';
import { useForm } from '../../state/use-form.js';

interface TaskEditorProps {
  task: Task;
  onSaved: (task: Task) => void;
  onClose: () => void;
}

export function TaskEditor({ task, onSaved, onClose }: TaskEditorProps) {
  const { title, description, priority } = task;
  const form = useForm({ title, description, priority });

  const save = async () => {
    const changes = form.values;
    const saved = await form.submit(changes, async () => onSaved(await updateTask(task.id, changes)));
    if (saved) onClose();
  };

  return (
    <Dialog title="Edit task" onClose={onClose}>
      <Form form={form} onSubmit={() => void save()}>
        <TextField form={form} name="title" label="Title" />
        <TextField form={form} name="description" label="Description" rows={4} />
        <SelectField form={form} name="priority" label="Priority" words={PRIORITY_WORDS} />
        <FormFailure form={form} />
        <div class="dialog-actions">
          <button type="button" class="btn btn-quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="btn btn-primary" disabled={form.busy}>
            Save
          </button>
        </div>
      </Form>
    </Dialog>
  );
}
