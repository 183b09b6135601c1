import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { DESKTOP, PHONE, sees } from './session.js';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Each color scheme and each size once, because axe is slow. */
const LOOKS = [
  { colorScheme: 'light', ...DESKTOP },
  { colorScheme: 'dark', ...PHONE },
] as const;

interface Tolerance {
  /** Impacts that are accepted. */
  accepted?: string[];
  /** A selector of what is left out. */
  exclude?: string;
}

/** Fails on any finding of axe, minor or serious, except for what is tolerated. */
export async function expectNoFindings(
  page: Page,
  { accepted = [], exclude }: Tolerance = {},
): Promise<void> {
  const scope = exclude === undefined ? 'document' : JSON.stringify({ exclude: [exclude] });
  await page.evaluate(AXE);
  for (const { colorScheme, viewport } of LOOKS) {
    await page.setViewportSize(viewport);
    // Elements in motion do not have their final contrast.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await sees(page, `html[data-bs-theme=${colorScheme}]`);
    const { violations } = await page.evaluate<AxeResults>(
      `axe.run(${scope}, { runOnly: { type: 'tag', values: ${JSON.stringify(RULES)} } })`,
    );
    const unaccepted = violations.filter(({ impact }) => !accepted.includes(impact ?? ''));
    const findings = unaccepted.flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html }) => `${colorScheme}, ${viewport.width}: ${id} (${impact ?? 'unknown'}): ${html}`),
    );
    expect(findings).toEqual([]);
  }
}
