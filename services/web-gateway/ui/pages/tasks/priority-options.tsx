import type { Priority } from '@millrace/contracts';
import { PRIORITY_WORDS } from '../../parts/badge.js';

/** For a select of priorities. */
export function PriorityOptions() {
  return (
    <>
      {(Object.keys(PRIORITY_WORDS) as Priority[]).map((priority) => (
        <option key={priority} value={priority}>
          {PRIORITY_WORDS[priority]}
        </option>
      ))}
    </>
  );
}
