import type { JobKind, JobListItem } from '@millrace/contracts';
import { PriorityMark, StatusBadge } from '../../parts/badge.js';
import { Icon, type IconName } from '../../parts/icon.js';
import { excerpt } from '../../parts/text.js';
import { Ago, duration } from '../../parts/time.js';
import { hrefOf } from '../../state/route.js';

export const KIND_WORDS: Record<JobKind, string> = { task: 'Task', analyze: 'Analysis', image: 'Image' };
const KIND_ICONS: Record<JobKind, IconName> = { task: 'tasks', analyze: 'analyze', image: 'images' };

const TITLE_LENGTH = 100;

export function JobRow({ job }: { job: JobListItem }) {
  const { id, kind, status, priority, title, attempt_count, processed_by_pod, created_at, finished_at } = job;
  const tookMs = finished_at === null ? undefined : Date.parse(finished_at) - Date.parse(created_at);
  return (
    <li class="job">
      <span class="job-kind">
        <Icon name={KIND_ICONS[kind]} />
      </span>
      <span class="job-name">
        <a href={hrefOf('jobs', `?job=${id}`)}>
          {title ? excerpt(title, TITLE_LENGTH) : KIND_WORDS[kind]} <code>{id.slice(-8)}</code>
        </a>
        <span class="quiet">
          <Ago time={created_at} />
          {processed_by_pod !== null && ` · ${processed_by_pod}`}
        </span>
      </span>
      <span class="quiet figures job-took">{tookMs !== undefined && `in ${duration(tookMs)}`}</span>
      <span class="quiet figures job-attempts">{attempt_count > 1 && `${attempt_count} attempts`}</span>
      <span class="job-priority">
        <PriorityMark priority={priority} />
      </span>
      <StatusBadge status={status} />
    </li>
  );
}
