import { useEffect } from 'preact/hooks';
import { type ImageState, useImage } from '../state/use-image.js';
import { Icon } from './icon.js';

/** A larger preview would look the same on today's screens. */
export const LARGE_EDGE = 1_600;

interface LoadedImageProps {
  /** A URL on this server, or a local file. */
  source: string | Blob;
  alt: string;
}

/** An image; or why it cannot be shown. */
export function LoadedImage({ source, alt }: LoadedImageProps) {
  const image = useImage(source, LARGE_EDGE);
  return image.state === 'shown' ? <img src={image.url} alt={alt} /> : <NoImage name={alt} image={image} />;
}

/** @param props.onGone called when the server has deleted it */
export function NoImage(props: { name: string; image: ImageState; onGone?: () => void }) {
  const { name, image, onGone } = props;
  const { state } = image;
  useEffect(() => {
    if (state === 'gone') onGone?.();
  }, [state, onGone]);
  if (state === 'loading' || state === 'shown')
    return <span class="no-image is-loading" role="img" aria-label={`${name}, loading`} />;
  return (
    <span class="no-image">
      <span class="visually-hidden">{name}: </span>
      <span>{WORDS[state]}</span>
      {state === 'unavailable' && (
        <button type="button" class="btn btn-sm btn-quiet" onClick={image.retry}>
          <Icon name="retry" /> Try again
        </button>
      )}
    </span>
  );
}

const WORDS = {
  unavailable: 'Cannot be loaded right now.',
  gone: 'No longer available.',
  unreadable: 'This browser cannot show it.',
};
