import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Pages } from '../state/use-pages.js';

interface PagedProps {
  /** What it lists, in the plural. */
  what: string;
  pages: Pick<Pages<object>, 'rows' | 'depth' | 'older' | 'newer'>;
  children: ComponentChildren;
}

/** A list with buttons for newer and older pages. When a button disappears, the text in its place gets the focus. */
export function Paged({ what, pages, children }: PagedProps) {
  const { rows, depth, older, newer } = pages;
  const asked = useRef<'older' | 'newer'>(undefined);
  const newestMark = useRef<HTMLParagraphElement>(null);
  const oldestMark = useRef<HTMLParagraphElement>(null);
  const ask = (direction: 'older' | 'newer', go: () => void) => () => {
    asked.current = direction;
    go();
  };
  useEffect(() => {
    if (asked.current === 'older' && !older) oldestMark.current?.focus();
    if (asked.current === 'newer' && !newer) newestMark.current?.focus();
  }, [older, newer]);

  return (
    <>
      {newer && (
        <button type="button" class="btn btn-quiet newer" onClick={ask('newer', newer)}>
          Show newer {what}
        </button>
      )}
      {!newer && asked.current === 'newer' && (
        <p class="visually-hidden" tabIndex={-1} ref={newestMark}>
          These are the newest {what}.
        </p>
      )}
      {children}
      {older && (
        <button type="button" class="btn btn-quiet more" onClick={ask('older', older)}>
          Show older {what}
        </button>
      )}
      {!older && depth > 1 && (
        <p class="quiet end" tabIndex={-1} ref={oldestMark}>
          No older {what}.
        </p>
      )}
      <p class="visually-hidden" role="status">
        {depth > 1 && rows && `Page ${depth}: ${rows.length} ${what} shown.`}
      </p>
    </>
  );
}
