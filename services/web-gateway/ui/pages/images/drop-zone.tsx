import { useRef, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon.js';
import { excerpt } from '../../parts/text.js';
import { say } from '../../state/toasts.js';

const TYPES = ['image/jpeg', 'image/png', 'image/webp'];
const MAX_BYTES = 20 * 1024 * 1024;

/** Takes images by dropping, or by the file dialog. What the server would refuse is not even sent. */
export function DropZone({ disabled, onFiles }: { disabled: boolean; onFiles: (files: File[]) => void }) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  const take = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    const isPicture = ({ type }: File) => TYPES.includes(type);
    const isLarge = ({ size }: File) => size > MAX_BYTES;
    refuse(
      files.filter((file) => !isPicture(file)),
      ['is not a JPEG, PNG or WebP image', 'are not JPEG, PNG or WebP images'],
    );
    refuse(
      files.filter((file) => isPicture(file) && isLarge(file)),
      ['is larger than 20 MB', 'are larger than 20 MB'],
    );
    const good = files.filter((file) => isPicture(file) && !isLarge(file));
    if (good.length > 0) onFiles(good);
  };

  return (
    <div
      class={`drop-zone ${over ? 'is-over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(!disabled);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (!disabled) take(event.dataTransfer?.files);
      }}
    >
      <Icon name="upload" />
      <p>
        {disabled ? (
          'Choose an effect first.'
        ) : (
          <>
            Drop images here, or{' '}
            <button type="button" class="btn btn-link" onClick={() => input.current?.click()}>
              choose files
            </button>
          </>
        )}
      </p>
      <p class="quiet">JPEG, PNG or WebP, up to 20 MB and 50 megapixels each</p>
      <input
        ref={input}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        aria-label="Image files"
        multiple
        accept={TYPES.join()}
        onChange={({ currentTarget }) => {
          take(currentTarget.files);
          // The same file may be chosen again.
          currentTarget.value = '';
        }}
      />
    </div>
  );
}

/** One sentence, for however many. */
function refuse(files: File[], [is, are]: [string, string]): void {
  const [first] = files;
  if (!first) return;
  const sentence = files.length === 1 ? `${excerpt(first.name, 80)} ${is}.` : `${files.length} files ${are}.`;
  say(sentence, { tone: 'danger' });
}
