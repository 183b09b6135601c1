import type { Row } from '../row.js';
import { analyze } from './analyze.js';
import { auth } from './auth.js';
import { chassis } from './chassis.js';
import { create } from './create.js';
import { enqueue } from './enqueue.js';
import { growthEnqueue } from './growth-backlog.js';
import { growthClients, growthPixels } from './growth-load.js';
import { growthClaim, growthCreate, growthList, growthSearch } from './growth-tables.js';
import { hops1, hops12 } from './hops.js';
import { idle } from './idle.js';
import { jobs } from './jobs.js';
import { jobsCelery } from './jobs-celery.js';
import { limits } from './limits.js';
import { list } from './list.js';
import { nginx } from './nginx.js';
import { rss } from './rss.js';
import { search } from './search.js';
import { start } from './start.js';
import { summary } from './summary.js';
import { telemetry } from './telemetry.js';

/** In the order in which they are measured: rows that share a stack are neighbours. */
export const rows: readonly Row[] = [
  rss,
  ...[
    jobs,
    jobsCelery,
    enqueue,
    idle,
    create,
    analyze,
    chassis,
    hops12,
    hops1,
    nginx,
    limits,
    auth,
    start,
    telemetry,
  ],
  ...[growthClients, growthPixels, growthEnqueue],
  ...[list, search, summary, growthList, growthSearch, growthCreate, growthClaim],
];
