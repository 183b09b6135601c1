import type { Row } from '../row.js';
import { analyze } from './analyze.js';
import { chassis } from './chassis.js';
import { create } from './create.js';
import { enqueue } from './enqueue.js';
import { idle } from './idle.js';
import { jobs } from './jobs.js';
import { list } from './list.js';
import { nginx } from './nginx.js';

/** In the order in which they are measured: those that share a stack are neighbours. */
export const rows: readonly Row[] = [jobs, enqueue, idle, create, analyze, chassis, nginx, list];
