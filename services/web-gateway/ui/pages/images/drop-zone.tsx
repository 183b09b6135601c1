import { useRef, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon.js';
import { say } from '../../state/toasts.js';

const TYPES = ['image/jpeg', 'image/png', 'image/webp'];
const MAX_BYTES = 20 * 1024 * 1024;

/** Takes images by dropping, or by the file dialog. What the server would refuse is said before it is sent. */
export function DropZone({ disabled, onFiles }: { disabled: boolean; onFiles: (files: File[]) => void }) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  const take = (list: FileList | null | undefined) => {
    const good: File[] = [];
    for (const file of list ?? []) {
      if (!TYPES.includes(file.type))
        say(`${file.name} is not a JPEG, PNG or WebP image.`, { tone: 'danger' });
      else if (file.size > MAX_BYTES) say(`${file.name} is larger than 20 MB.`, { tone: 'danger' });
      else good.push(file);
    }
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
