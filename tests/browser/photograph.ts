import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';

export const FOLDER = join(__dirname, '../../docs/images');
export const SIZES = {
  desktop: { width: 1280, height: 860 },
  phone: { width: 390, height: 844 },
};
export const SCALE = 1.25;
const QUALITY = 76;

/**
 * Captures a page in both color schemes, on a desktop and on a phone, as docs/images/ui-NAME-SIZE-SCHEME.webp.
 *
 * @param height on a desktop, for a page that needs more
 */
export async function photograph(name: string, page: Page, height = SIZES.desktop.height): Promise<void> {
  await page.bringToFront();
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize({ ...viewport, ...(size === 'desktop' && { height }) });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.evaluate('scrollTo(0, 0); document.activeElement.blur()');
      const file = join(FOLDER, `ui-${name}-${size}-${colorScheme}.webp`);
      await sharp(await page.screenshot())
        .webp({ quality: QUALITY, effort: 6 })
        .toFile(file);
    }
  }
  console.log(name);
}
