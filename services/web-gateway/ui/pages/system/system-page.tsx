import { PageHead } from '../../parts/page-head.js';

export function SystemPage() {
  return <PageHead title="System" about="To come." />;
}
