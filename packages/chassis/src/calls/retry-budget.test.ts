import { createRetryBudget } from './retry-budget.js';

const spendAll = (budget: ReturnType<typeof createRetryBudget>) => {
  let spent = 0;
  while (budget.spend()) spent += 1;
  return spent;
};

it('allows 50 retries in a row, then one per five requests', () => {
  const budget = createRetryBudget();
  for (let request = 0; request < 1_000; request++) budget.earn();
  expect(spendAll(budget)).toBe(50);
  for (let request = 0; request < 101; request++) budget.earn();
  expect(spendAll(budget)).toBe(20);
});
