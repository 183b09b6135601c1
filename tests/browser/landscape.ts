import sharp from 'sharp';

/** A painted landscape: hills, a lake and a mill. */
export function landscape(hue: number): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800" viewBox="0 0 1200 800">
    <defs>
      <linearGradient id="sky" x2="0" y2="1">
        <stop offset="0" stop-color="hsl(${hue}, 60%, 42%)"/><stop offset="0.62" stop-color="hsl(${hue - 170}, 85%, 78%)"/>
      </linearGradient>
      <linearGradient id="lake" x2="0" y2="1">
        <stop offset="0" stop-color="hsl(${hue - 170}, 70%, 74%)"/><stop offset="1" stop-color="hsl(${hue}, 55%, 30%)"/>
      </linearGradient>
    </defs>
    <rect width="1200" height="800" fill="url(#sky)"/>
    <circle cx="820" cy="330" r="70" fill="#fff6dc"/>
    <path d="M0 430 180 300 330 400 520 250 760 420 930 330 1200 450V800H0Z" fill="hsl(${hue}, 25%, 44%)"/>
    <path d="M0 500C200 430 360 470 560 500S980 450 1200 500V800H0Z" fill="hsl(${hue - 60}, 32%, 33%)"/>
    <path d="M0 560C300 540 800 580 1200 550V800H0Z" fill="url(#lake)"/>
    <path d="M0 700C260 640 520 690 700 800H0Z" fill="hsl(${hue - 70}, 38%, 20%)"/>
    <g fill="#3d2c25"><path d="M268 640 290 470h60l22 170z"/><path d="M282 470 320 430l38 40z" fill="#7a3b2e"/></g>
    <g stroke="#f3e9da" stroke-width="9" stroke-linecap="round"><path d="M320 470 220 400M320 470 420 540M320 470 250 570M320 470 390 370"/></g>
  </svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 88 }).toBuffer();
}
