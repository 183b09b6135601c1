import { useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog.js';
import { Hops } from '../../parts/hops.js';
import { Icon } from '../../parts/icon.js';
import { Empty } from '../../parts/notice.js';
import { Ago } from '../../parts/time.js';
import { forgetImage, type RecentImage, recentImages } from '../../state/recent-images.js';
import { useStore } from '../../state/store.js';
import { uploads } from '../../state/uploads.js';

/** What this browser has had made before. */
export function RecentImages() {
  const images = useStore(recentImages);
  const current = useStore(uploads);
  const [opened, setOpened] = useState<RecentImage>();

  if (images.length === 0)
    return current.length > 0 ? null : (
      <Empty icon="images" title="No images yet">
        Drop one above. Its result is kept for a day and shown here.
      </Empty>
    );
  return (
    <section class="recent" aria-labelledby="recent-title">
      <h2 id="recent-title" class="h6">
        Recent results
      </h2>
      <ul>
        {images.map((image) => (
          <li key={image.id}>
            <button type="button" onClick={() => setOpened(image)}>
              <img
                src={`/image/${image.id}`}
                alt={`Open the result of ${image.name}`}
                onError={() => forgetImage(image.id)}
              />
            </button>
          </li>
        ))}
      </ul>
      {opened && (
        <Dialog title={opened.name} onClose={() => setOpened(undefined)}>
          <div class="job-picture">
            <img src={`/image/${opened.id}`} alt={`The result of ${opened.name}`} />
            <Hops hops={opened.hops} />
            <p class="quiet">
              Finished <Ago time={new Date(opened.finishedAt).toISOString()} />
            </p>
          </div>
          <div class="dialog-actions">
            <a class="btn btn-quiet" href={`/image/${opened.id}`} download={opened.name}>
              <Icon name="download" /> Download
            </a>
          </div>
        </Dialog>
      )}
    </section>
  );
}
