import { createCircuitBreaker } from './circuit-breaker.js';

function setUp() {
  const clock = { now: 0 };
  return { clock, breaker: createCircuitBreaker(() => clock.now) };
}

it('keeps requests away for longer each time, up to 4 s', () => {
  const { clock, breaker } = setUp();
  expect(breaker.allows()).toBe(true);
  for (const restMs of [1_000, 2_000, 4_000, 4_000]) {
    breaker.begin();
    breaker.failed();
    clock.now += restMs - 1;
    expect(breaker.allows()).toBe(false);
    clock.now += 1;
    expect(breaker.allows()).toBe(true);
  }
});

it('counts concurrent failures once', () => {
  const { clock, breaker } = setUp();
  for (let request = 0; request < 20; request++) breaker.failed();
  clock.now = 1_000;
  expect(breaker.allows()).toBe(true);
});

it('lets one request through, and the others once that one has succeeded', () => {
  const { clock, breaker } = setUp();
  breaker.failed();
  clock.now = 1_000;
  breaker.begin();
  expect(breaker.allows()).toBe(false);
  breaker.succeeded();
  expect(breaker.allows()).toBe(true);
});

it('lets another one through when the first takes too long', () => {
  const { clock, breaker } = setUp();
  breaker.failed();
  clock.now = 1_000;
  breaker.begin();
  clock.now = 2_000;
  expect(breaker.allows()).toBe(true);
});
