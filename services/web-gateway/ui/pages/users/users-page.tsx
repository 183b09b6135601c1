import { PageHead } from '../../parts/page-head.js';

export function UsersPage() {
  return <PageHead title="Users" about="To come." />;
}
