import { PageHead } from '../../parts/page-head.js';

export function ImagesPage() {
  return <PageHead title="Images" about="To come." />;
}
