// Builds everything and checks its types: npm run build. Needs what npm installs, and no servers.
import { buildChecked } from './prepare/build.mjs';
import { reportFailure, stopWithParent } from './prepare/steps.mjs';

stopWithParent();
await buildChecked().catch(reportFailure);
