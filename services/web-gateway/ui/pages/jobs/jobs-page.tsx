import { PageHead } from '../../parts/page-head.js';

export function JobsPage() {
  return <PageHead title="Jobs" about="To come." />;
}
