import type { Dashboard } from './dashboard.js';
import { images } from './images.js';
import { jobs } from './jobs.js';
import { servers } from './servers.js';
import { service } from './service.js';
import { whole } from './whole.js';

export const dashboards: Dashboard[] = [whole, service, jobs, images, servers];
