// The web UI in a real browser. All suites share one stack: the one at MILLRACE_URL, or a local one that is started here.
import { accessibilitySuite } from './accessibility.suite.js';
import { analyzeSuite } from './analyze.suite.js';
import { findChromium } from './chromium.js';
import { frameSuite } from './frame.suite.js';
import { imagesSuite } from './images.suite.js';
import { jobsSuite } from './jobs.suite.js';
import { labSuite } from './lab.suite.js';
import { failuresSuite } from './failures.suite.js';
import { hostileSuite } from './hostile.suite.js';
import { pagesSuite } from './pages.suite.js';
import { referenceSuite } from './reference.suite.js';
import { startSession, stopSession, TEST_MS } from './session.js';
import { tasksSuite } from './tasks.suite.js';
import { systemSuite, usersSuite } from './users-and-system.suite.js';

if (findChromium() === undefined) {
  process.stderr.write('No Chromium: the web UI is not tested. Install chromium, or set CHROMIUM_PATH.\n');
  test.skip('the web UI needs a Chromium to be tested', () => undefined);
} else {
  jest.setTimeout(TEST_MS);
  beforeAll(startSession);
  afterAll(stopSession);

  describe('the frame', frameSuite);
  describe('tasks', tasksSuite);
  describe('analyze', analyzeSuite);
  describe('images', imagesSuite);
  describe('jobs', jobsSuite);
  describe('the scaling lab', labSuite);
  describe('users', usersSuite);
  describe('system', systemSuite);
  describe('long lists', pagesSuite);
  describe('the API reference', referenceSuite);
  describe('error responses', failuresSuite);
  describe('hostile input', hostileSuite);
  describe('accessibility', accessibilitySuite);
}
