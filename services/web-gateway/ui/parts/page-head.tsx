import type { ComponentChildren } from 'preact';

/** A page's title, what it is for, and its links. */
export function PageHead(props: { title: string; about: ComponentChildren; children?: ComponentChildren }) {
  return (
    <div class="page-head">
      <div>
        <h1 tabIndex={-1}>{props.title}</h1>
        <p>{props.about}</p>
      </div>
      {props.children}
    </div>
  );
}
