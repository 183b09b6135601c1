import type { ComponentChildren } from 'preact';
import { isAuthorized } from '../api/access.js';
import { asFailure } from '../api/failure.js';
import { getImage } from '../api/images.js';
import { say } from '../state/toasts.js';

/** A link that downloads a finished image. A browser follows links without a token, so with sign-in, the page fetches the file. */
export function ImageFile(props: { url: string; name: string; class: string; children: ComponentChildren }) {
  const { url, name, children } = props;
  const onClick = (event: MouseEvent) => {
    if (!isAuthorized()) return;
    event.preventDefault();
    void save(url, name);
  };
  return (
    <a class={props.class} href={url} download={name} onClick={onClick}>
      {children}
    </a>
  );
}

async function save(url: string, name: string): Promise<void> {
  try {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await getImage(url, new AbortController().signal));
    link.download = name;
    link.click();
    // Not at once, because the browser has not started the download yet.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    say(asFailure(error).message, { tone: 'danger' });
  }
}
