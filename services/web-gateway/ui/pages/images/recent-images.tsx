import { useCallback, useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog.js';
import { Hops } from '../../parts/hops.js';
import { Icon } from '../../parts/icon.js';
import { ImageFile } from '../../parts/image-file.js';
import { LoadedImage, NoImage } from '../../parts/image.js';
import { Empty } from '../../parts/notice.js';
import { excerpt } from '../../parts/text.js';
import { Ago } from '../../parts/time.js';
import { TraceDetails } from '../../parts/trace/trace-details.js';
import { forgetImage, type RecentImage, recentImages } from '../../state/recent-images.js';
import { useStore } from '../../state/store.js';
import { uploads } from '../../state/uploads.js';
import { useImage } from '../../state/use-image.js';

const THUMBNAIL_EDGE = 480;
const NAME_LENGTH = 80;

/** The results of earlier uploads in this browser. */
export function RecentImages() {
  const images = useStore(recentImages);
  const current = useStore(uploads);
  const [opened, setOpened] = useState<RecentImage>();

  if (images.length === 0)
    return current.length > 0 ? null : (
      <Empty icon="images" title="No images yet">
        Drop one above. The result is kept for up to a day and shown here.
      </Empty>
    );
  return (
    <section class="recent" aria-labelledby="recent-title">
      <h2 id="recent-title" class="h6">
        Recent results
      </h2>
      <ul>
        {images.map((image) => (
          <li key={image.url}>
            <Thumbnail image={image} onOpen={() => setOpened(image)} />
          </li>
        ))}
      </ul>
      {opened && (
        <Dialog title={excerpt(opened.name, NAME_LENGTH)} onClose={() => setOpened(undefined)}>
          <div class="job-image">
            <LoadedImage source={opened.url} alt={`The result of ${excerpt(opened.name, NAME_LENGTH)}`} />
            <Hops hops={opened.hops} />
            <TraceDetails of={opened.url} />
            <p class="quiet">
              Finished <Ago time={new Date(opened.finishedAt).toISOString()} />
            </p>
          </div>
          <div class="dialog-actions">
            <ImageFile class="btn btn-quiet" url={opened.url} name={opened.name}>
              <Icon name="download" /> Download
            </ImageFile>
          </div>
        </Dialog>
      )}
    </section>
  );
}

function Thumbnail({ image: { url, name }, onOpen }: { image: RecentImage; onOpen: () => void }) {
  const image = useImage(url, THUMBNAIL_EDGE);
  const short = excerpt(name, NAME_LENGTH);
  const forget = useCallback(() => forgetImage(url), [url]);
  if (image.state !== 'shown') return <NoImage name={short} image={image} onGone={forget} />;
  return (
    <button type="button" onClick={onOpen}>
      <img src={image.url} alt={`Open the result of ${short}`} />
    </button>
  );
}
