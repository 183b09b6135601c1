import type { Effect } from '@millrace/contracts';
import { useState } from 'preact/hooks';
import { PageHead } from '../../parts/page-head.js';
import { useStore } from '../../state/store.js';
import { addUploads, uploads } from '../../state/uploads.js';
import { DropZone } from './drop-zone.js';
import { EffectPicker } from './effect-picker.js';
import { RecentImages } from './recent-images.js';
import { UploadCard } from './upload-card.js';

export function ImagesPage() {
  const [effects, setEffects] = useState<Effect[]>(['bw', 'blur']);
  const [later, setLater] = useState(false);
  const shown = useStore(uploads);

  return (
    <>
      <PageHead title="Images" about="Applies effects to images, each in its own worker." />
      <div class="panel image-form">
        <EffectPicker effects={effects} onChange={setEffects} />
        <fieldset class="modes">
          <legend class="form-label">When to run</legend>
          <label>
            <input
              type="radio"
              name="mode"
              class="form-check-input"
              checked={!later}
              onChange={() => setLater(false)}
            />
            <span>
              <strong>Now</strong>
              <span class="quiet">This page waits for the result.</span>
            </span>
          </label>
          <label>
            <input
              type="radio"
              name="mode"
              class="form-check-input"
              checked={later}
              onChange={() => setLater(true)}
            />
            <span>
              <strong>As a job</strong>
              <span class="quiet">The image is queued. You can close this page.</span>
            </span>
          </label>
        </fieldset>
        <DropZone disabled={effects.length === 0} onFiles={(files) => addUploads(files, effects, later)} />
      </div>
      {shown.length > 0 && (
        <section aria-label="Uploads">
          <ul class="uploads">
            {shown.map((upload) => (
              <UploadCard key={upload.id} upload={upload} />
            ))}
          </ul>
        </section>
      )}
      <RecentImages />
    </>
  );
}
