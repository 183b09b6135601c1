import { useEffect } from 'preact/hooks';
import { type Picture as PictureState, usePicture } from '../state/use-picture.js';
import { Icon } from './icon.js';

/** A larger preview would look the same on today's screens. */
export const LARGE_EDGE = 1_600;

interface PictureProps {
  /** A URL on this server, or a local file. */
  source: string | Blob;
  alt: string;
}

/** An image; or why it cannot be shown. */
export function Picture({ source, alt }: PictureProps) {
  const picture = usePicture(source, LARGE_EDGE);
  return picture.state === 'shown' ? (
    <img src={picture.url} alt={alt} />
  ) : (
    <NoPicture name={alt} picture={picture} />
  );
}

/** @param props.onGone called when the server has deleted it */
export function NoPicture(props: { name: string; picture: PictureState; onGone?: () => void }) {
  const { name, picture, onGone } = props;
  const { state } = picture;
  useEffect(() => {
    if (state === 'gone') onGone?.();
  }, [state, onGone]);
  if (state === 'loading' || state === 'shown')
    return <span class="no-picture is-loading" role="img" aria-label={`${name}, loading`} />;
  return (
    <span class="no-picture">
      <span class="visually-hidden">{name}: </span>
      <span>{WORDS[state]}</span>
      {state === 'unavailable' && (
        <button type="button" class="btn btn-sm btn-quiet" onClick={picture.retry}>
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
