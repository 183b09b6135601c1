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

export interface PhotographOptions {
  /** On a desktop, for a page that needs more. */
  height?: number | undefined;
  /** A selector of what is at the top of the picture. Default: the page's own top */
  top?: string;
}

/** Captures a page in both color schemes, on a desktop and on a phone, as docs/images/ui-NAME-SIZE-SCHEME.webp. */
export async function photograph(name: string, page: Page, options: PhotographOptions = {}): Promise<void> {
  const { height = SIZES.desktop.height, top = 'html' } = options;
  await page.bringToFront();
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize({ ...viewport, ...(size === 'desktop' && { height }) });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.evaluate(`document.querySelector('${top}').scrollIntoView(); document.activeElement.blur()`);
      await save(page, `ui-${name}-${size}-${colorScheme}`);
    }
  }
  console.log(name);
}

/** Captures the visible part of a page, as docs/images/NAME.webp. */
export async function save(page: Page, name: string): Promise<void> {
  await sharp(await page.screenshot())
    .webp({ quality: QUALITY, effort: 6 })
    .toFile(join(FOLDER, `${name}.webp`));
}
