import type { ComponentChildren } from 'preact';
import type { Failure } from '../api/failure.js';
import { Icon, type IconName } from './icon.js';

/** Says that something failed, and offers to try again where that may help. */
export function FailureNotice({
  failure,
  onRetry,
}: {
  failure: Failure;
  onRetry?: (() => void) | undefined;
}) {
  return (
    <div class="notice" role="alert">
      <Icon name="alert" />
      <p>{failure.message}</p>
      {onRetry && (failure.status === 0 || failure.status >= 500) && (
        <button type="button" class="btn btn-sm btn-quiet" onClick={onRetry}>
          <Icon name="retry" /> Try again
        </button>
      )}
    </div>
  );
}

/** Shown instead of an empty list: says what to do next. */
export function Empty({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <span class="empty-mark">
        <Icon name={icon} />
      </span>
      <h2 class="h6">{title}</h2>
      <p>{children}</p>
    </div>
  );
}

/** Shown while a list is loading. */
export function Skeleton({ rows }: { rows: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">Loading</span>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} class="skeleton-row" aria-hidden="true" />
      ))}
    </div>
  );
}
