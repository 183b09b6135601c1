import { createHash } from 'node:crypto';
import { escapeHtml } from '@millrace/chassis/http';
import { methodTag, type PlacedCall, renderCall } from './call.js';
import type { Description, Schema } from './description.js';
import { fieldList, prose } from './schema.js';
import { STYLE } from './style.js';

/** The page's own style, and nothing else: no script, no picture, no form, no frame. */
export const REFERENCE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The reference for people: a whole HTML page, made from the description alone. */
export function renderReference({ info, tags, paths, components }: Description): string {
  const calls = placedCalls(paths);
  const sections = tags.map((tag) => ({ ...tag, calls: calls.filter((call) => call.tags[0] === tag.name) }));
  const objects = Object.entries(components.schemas);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(info.title)} API</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#content">Skip to main content</a>
<header><p><a href="/">${escapeHtml(info.title)}</a> <span>API ${escapeHtml(info.version)}</span></p></header>
<nav aria-label="Calls">
<ul>${sections.map((section) => navigationOf(section.name, section.calls)).join('\n')}
<li><a href="#objects">Objects</a></li></ul>
</nav>
<main id="content">
<section class="intro">
<h1>${escapeHtml(info.title)} API</h1>
${info.description
  .split('\n\n')
  .map((paragraph) => `<p>${prose(paragraph)}</p>`)
  .join('\n')}
<p>What an error looks like: <a href="#object-Problem">Problem</a>. For programs: <a href="/openapi.json">openapi.json</a>.</p>
</section>
${sections
  .map(
    ({ name, description, calls: own }) => `<section aria-labelledby="tag-${name}">
<h2 id="tag-${name}">${escapeHtml(name)}</h2>
<p class="about">${prose(description)}</p>
${own.map(renderCall).join('\n')}
</section>`,
  )
  .join('\n')}
<section aria-labelledby="objects">
<h2 id="objects">Objects</h2>
<p class="about">The types that answers are made of.</p>
${objects
  .map(
    ([name, schema]) => `<article class="object" aria-labelledby="object-${name}">
<h3 id="object-${name}">${name}</h3>
${schema.description === undefined ? '' : `<p>${prose(schema.description)}</p>`}
${fieldList(schema)}
${renderExample(schema)}
</article>`,
  )
  .join('\n')}
</section>
</main>
</body>
</html>
`;
}

function renderExample({ example }: Schema): string {
  if (example === undefined) return '';
  const text = escapeHtml(JSON.stringify(example, null, 2));
  return `<figure><figcaption>Example</figcaption><pre tabindex="0"><code>${text}</code></pre></figure>`;
}

/** Every call once, with its other path where it has one. */
function placedCalls(paths: Description['paths']): PlacedCall[] {
  const all: PlacedCall[] = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, call]) => ({ ...call, method, path })),
  );
  const aliasOf = (call: PlacedCall) =>
    all.find((other) => other['x-alias-of'] === call.path && other.method === call.method)?.path;
  return all
    .filter((call) => call['x-alias-of'] === undefined)
    .map((call) => ({ ...call, alias: aliasOf(call) }));
}

function navigationOf(name: string, calls: PlacedCall[]): string {
  const items = calls.map(
    ({ operationId, method, path }) =>
      `<li><a href="#${operationId}">${methodTag(method)} <span>${escapeHtml(path)}</span></a></li>`,
  );
  return `<li><a href="#tag-${name}">${escapeHtml(name)}</a><ul>${items.join('')}</ul></li>`;
}
