import { PageHead } from '../../parts/page-head.js';

export function AnalyzePage() {
  return <PageHead title="Analyze" about="To come." />;
}
