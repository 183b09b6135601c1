import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';
import { Icon } from './icon.js';

/** Wraps a page, so that data that cannot be rendered takes down only this page. */
export function PageBoundary({ children }: { children: ComponentChildren }) {
  const [error, reset] = useErrorBoundary() as [unknown, () => void];
  if (error === undefined) return <>{children}</>;
  return (
    <div class="notice" role="alert">
      <Icon name="alert" />
      <p>Something went wrong on this page.</p>
      <button type="button" class="btn btn-sm btn-quiet" onClick={reset}>
        <Icon name="retry" /> Try again
      </button>
    </div>
  );
}
