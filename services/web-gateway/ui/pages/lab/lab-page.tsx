import { PageHead } from '../../parts/page-head.js';

export function LabPage() {
  return <PageHead title="Lab" about="To come." />;
}
