import { randomUUID } from 'node:crypto';
import { isLocal, sees, visit, whileHanging } from './session.js';

export function usersSuite(): void {
  test('a user can be registered once, and is then listed', async () => {
    const email = `${randomUUID().slice(0, 8)}@example.com`;
    await visit(
      '/ui/users',
      async (page) => {
        const register = async () => {
          await page.getByLabel('Name').fill('Grace');
          await page.getByLabel('Email address').fill(email);
          await page.getByRole('button', { name: 'Register' }).click();
        };
        await register();
        // First, because it does not stay for long.
        await sees(page, '.toasts:has-text("Registered Grace.")');
        await sees(page, `.user:has-text("${email}")`);
        await register();
        await sees(page, '.field-error:has-text("Email address is already registered.")');
      },
      { refusals: [409] },
    );
  });

  test('errors are shown at their fields', async () => {
    await visit(
      '/ui/users',
      async (page) => {
        await page.getByLabel('Email address').fill('nobody');
        await page.getByRole('button', { name: 'Register' }).click();
        await sees(page, '.field-error:has-text("Name must not be empty.")');
        await sees(page, '.field-error:has-text("must be an email address")');
      },
      { refusals: [422] },
    );
  });

  (isLocal ? test : test.skip)('says that the service is down, and offers to try again', async () => {
    await whileHanging('user-api-1', () =>
      visit('/ui/users', (page) => sees(page, '.notice'), { refusals: [503, 504] }),
    );
    await visit('/ui/users', (page) => sees(page, '.user, .empty'));
  });
}

export function systemSuite(): void {
  test('shows every service with its replicas, their versions and their dependencies', async () => {
    await visit('/ui/system', async (page) => {
      await sees(page, 'text=All services are healthy.');
      expect(await page.locator('.service h2').allTextContents()).toEqual([
        'web-gateway',
        'task-api',
        'user-api',
        'text-worker',
        'blur-worker',
        'bw-worker',
        'queue-worker',
      ]);
      await page
        .locator('.service:has(h2:text-is("task-api"))')
        .filter({ hasText: /\d+\.\d+\.\d+ · up .*postgres \d+ ms.*redis \d+ ms/ })
        .waitFor();
      expect(await page.getByRole('link', { name: 'API reference' }).first().getAttribute('href')).toBe(
        '/docs',
      );
    });
  });

  (isLocal ? test : test.skip)('names a service that is down', async () => {
    await visit('/ui/system', async (page) => {
      await whileHanging('text-worker-1', () => sees(page, '.verdict:has-text("Unhealthy: text-worker.")'));
      await sees(page, 'text=All services are healthy.');
    });
  });
}
