import { IMAGE_TYPES, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS } from '@millrace/contracts/constants';
import { useRef, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon.js';
import { excerpt } from '../../parts/text.js';
import { say } from '../../state/toasts.js';

const TYPES: readonly string[] = IMAGE_TYPES;
const SIZE = `${MAX_IMAGE_BYTES / 1024 / 1024} MB`;
const MEGAPIXELS = MAX_IMAGE_PIXELS / 1_000_000;

/** Takes images by drag and drop, or from a file dialog. Files that the server would refuse are not sent. */
export function DropZone({ disabled, onFiles }: { disabled: boolean; onFiles: (files: File[]) => void }) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  const take = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    const isImage = ({ type }: File) => TYPES.includes(type);
    const isLarge = ({ size }: File) => size > MAX_IMAGE_BYTES;
    refuse(
      files.filter((file) => !isImage(file)),
      ['is not a JPEG, PNG or WebP image', 'are not JPEG, PNG or WebP images'],
    );
    refuse(
      files.filter((file) => isImage(file) && isLarge(file)),
      [`is larger than ${SIZE}`, `are larger than ${SIZE}`],
    );
    const good = files.filter((file) => isImage(file) && !isLarge(file));
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
      <p class="quiet">
        JPEG, PNG or WebP, up to {SIZE} and {MEGAPIXELS} megapixels each
      </p>
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
          // So that the same file can be chosen again.
          currentTarget.value = '';
        }}
      />
    </div>
  );
}

/** One sentence for any number of files. */
function refuse(files: File[], [is, are]: [string, string]): void {
  const [first] = files;
  if (!first) return;
  const sentence = files.length === 1 ? `${excerpt(first.name, 80)} ${is}.` : `${files.length} files ${are}.`;
  say(sentence, { tone: 'danger' });
}
