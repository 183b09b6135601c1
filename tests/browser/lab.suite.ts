import { appears, isLocal, sees, until, visit, whileHanging } from './session.js';

export function labSuite(): void {
  test('a run shows a bar for each request, the requests per replica, and the speed-up over the previous run', async () => {
    await visit('/ui/lab', async (page) => {
      await sees(page, '.empty:has-text("No runs yet")');
      await sees(page, '.replicas-now .pod-dot');
      if (isLocal)
        for (const pod of ['blur-worker-1', 'blur-worker-2'])
          await sees(page, `.replicas-now li:has-text("${pod}")`);

      await page.getByLabel('Requests', { exact: true }).fill('8');
      await page.getByLabel('Concurrency', { exact: true }).fill('8');
      await Promise.all([
        appears(page, '.run-chart .working'),
        page.getByRole('button', { name: 'Run' }).click(),
      ]);
      await sees(page, '.run[data-ended=true]');
      expect(await page.locator('.request').count()).toBe(8);
      const served = await page.locator('.shares strong').allTextContents();
      expect(served.map(Number).reduce((sum, count) => sum + count, 0)).toBe(8);
      if (isLocal) {
        const colors = await page.evaluate<number>(
          `new Set([...document.querySelectorAll('.request rect[class^=pod-]')].map((bar) => getComputedStyle(bar).fill)).size`,
        );
        expect(colors).toBe(2);
      }

      // Runs survive a reload.
      await sees(page, '.history');
      await page.reload();
      await page.getByLabel('Requests', { exact: true }).fill('8');
      await page.getByLabel('Concurrency', { exact: true }).fill('8');
      await page.getByRole('button', { name: 'Run' }).click();
      await sees(page, '.run[data-ended=true]');
      await sees(page, '.run-figures dd.is-accent:has-text("×")');
      await sees(page, '.run-chart figcaption:has-text("The previous run took")');
      expect(await page.locator('.history tbody tr').count()).toBe(2);

      await page.getByText('Show as table').click();
      expect(await page.locator('.run-table tbody tr').count()).toBe(8);
    });
  });

  test('the commands that add replicas can be pasted', async () => {
    await visit('/ui/lab', async (page) => {
      await page.getByText('Add replicas', { exact: true }).click();
      const commands = page.locator('.replicas-now code');
      expect(await commands.allTextContents()).toEqual([
        'npm run scale -- blur-worker=4',
        'docker compose up -d --no-recreate --no-deps --scale blur-worker=4 blur-worker',
        'kubectl -n millrace scale deployment/blur-worker --replicas=4',
      ]);
      await page.getByLabel('Effect').selectOption('Black and white');
      await sees(page, '.replicas-now h2:has-text("bw-worker")');
      // Its autoscaler would undo `kubectl scale`.
      expect(await commands.last().textContent()).toBe(
        `kubectl -n millrace patch hpa bw-worker --patch '{"spec":{"minReplicas":4}}'`,
      );
    });
  });

  test('a run can be stopped', async () => {
    await visit(
      '/ui/lab',
      async (page) => {
        await page.getByLabel('Requests', { exact: true }).fill('200');
        await page.getByLabel('Concurrency', { exact: true }).fill('4');
        await page.getByRole('button', { name: 'Run' }).click();
        await sees(page, '.request');
        await page.getByRole('button', { name: 'Stop' }).click();
        await sees(page, 'button:has-text("Run")');
        // The server stops too, as soon as it notices, and accepts another run.
        await page.getByLabel('Requests', { exact: true }).fill('2');
        await until('another run is accepted', async () => {
          await page.getByRole('button', { name: 'Run' }).click();
          await sees(page, '.run[data-ended=true], .notice');
          return page.locator('.run[data-ended=true]').isVisible();
        });
      },
      { refusals: [503] },
    );
  });

  (isLocal ? test : test.skip)('failed requests are counted, with the reason', async () => {
    await visit('/ui/lab', async (page) => {
      await page.getByLabel('Effect').selectOption('Black and white');
      await page.getByLabel('Requests', { exact: true }).fill('2');
      await whileHanging('bw-worker-1', async () => {
        await page.getByRole('button', { name: 'Run' }).click();
        await sees(page, '.run-failed:has-text("2 failed: bw-worker")');
      });
      await sees(page, '.replicas-now li:has-text("bw-worker-1")');
    });
  });
}
