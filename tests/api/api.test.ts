// The suites that test a stack from outside, all against the same stack: the one at MILLRACE_URL, or a local one that is started here once
// for all of them. Each suite registers its tests when it is imported.
import { startEndpoint, stopEndpoint } from './endpoint.js';

import './documented-examples.suite.js';
import './api-table.suite.js';
import './queue.suite.js';
import './jobs.suite.js';
import './operator.suite.js';
import './contract.suite.js';
import './reference.suite.js';
import './bad-input.suite.js';
import './long-texts.suite.js';
import './bad-upload.suite.js';
import './fuzz.suite.js';
import './photo.suite.js';

beforeAll(startEndpoint, 90_000);
afterAll(stopEndpoint);
