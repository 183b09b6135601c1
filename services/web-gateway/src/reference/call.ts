import { STATUS_CODES } from 'node:http';
import { escapeHtml } from '@millrace/chassis/http';
import type { Answer, Call, Media, Parameter } from './description.js';
import { fieldList, parameterList, prose, typeOf } from './schema.js';

export interface PlacedCall extends Call {
  method: string;
  path: string;
  /** The other path that it has. */
  alias?: string | undefined;
}

/** One call of the reference, as HTML: what it takes and returns, and beside it a shell command to try. */
export function renderCall(call: PlacedCall): string {
  const { operationId, method, path, alias, summary, description } = call;
  return `<article id="${operationId}" aria-labelledby="${operationId}-title">
<div class="words">
<h3 id="${operationId}-title"><a href="#${operationId}">${prose(summary)}</a></h3>
<p class="line">${methodTag(method)} <code>${renderPath(path)}</code>${alias === undefined ? '' : ` <span class="alias">also <code>${renderPath(alias)}</code></span>`}</p>
${description === undefined ? '' : `<p>${prose(description)}</p>`}
${renderParameters(call.parameters ?? [])}
${renderBody(call.requestBody?.content ?? {})}
<h4>Responses</h4>
<ul class="answers">${answersOf(call).map(renderAnswer).join('\n')}</ul>
</div>
<div class="shell">${renderSamples(call)}</div>
</article>`;
}

export function methodTag(method: string): string {
  return `<span class="method ${method}">${method.toUpperCase()}</span>`;
}

/** Parameters stand out, and a long path can wrap after a slash. */
function renderPath(path: string): string {
  return escapeHtml(path)
    .replace(/\/(?=.)/g, '<wbr>/')
    .replace(/\{\w+\}/g, '<var>$&</var>');
}

const PLACES: Record<string, string> = { path: 'Path', query: 'Query', header: 'Headers' };

function renderParameters(parameters: Parameter[]): string {
  return Object.entries(PLACES)
    .map(([place, title]) => {
      const here = parameters.filter((parameter) => parameter.in === place);
      return here.length === 0 ? '' : `<h4>${title}</h4>${parameterList(here)}`;
    })
    .join('\n');
}

function renderBody(content: Record<string, Media>): string {
  return Object.entries(content)
    .map(([type, { schema = {} }]) => {
      const rule = schema.minProperties === undefined ? '' : `, at least ${schema.minProperties} field`;
      return `<h4>Body <span class="type">${escapeHtml(type)}${rule}</span></h4>${fieldList(schema)}`;
    })
    .join('\n');
}

/** What any call may answer stands once, at the top of the page. */
function answersOf({ responses }: Call): [status: string, answer: Answer][] {
  return Object.entries(responses).filter(([status]) => status !== 'default');
}

function renderAnswer([status, answer]: [string, Answer]): string {
  const types = Object.entries(answer.content ?? {});
  const [type, { schema, example } = {}] = types[0] ?? [];
  const detail = (example as { detail?: string } | undefined)?.detail;
  const says =
    detail === undefined || detail === answer.description.replaceAll('`', '')
      ? ''
      : ` <q>${escapeHtml(detail)}</q>`;
  const what =
    type === undefined || type === 'application/problem+json'
      ? ''
      : type === 'application/json' && schema
        ? typeOf(schema)
        : types.map(([name]) => escapeHtml(name)).join(', ');
  const headers = ownHeaders(answer).map(
    ([name, { description = '' }]) => `<li><code>${escapeHtml(name)}</code> ${prose(description)}</li>`,
  );
  return `<li><span class="status s${status[0]}">${status}</span> <div>${prose(answer.description)}${says}
${what === '' ? '' : `<span class="type">${what}</span>`}
${headers.length === 0 ? '' : `<ul class="headers">${headers.join('')}</ul>`}</div></li>`;
}

/** Without those that every answer has: they are references to one description. */
function ownHeaders({ headers = {} }: Answer) {
  return Object.entries(headers).filter(([, header]) => header.$ref === undefined);
}

/** Each sample with its response: the first success, for the second sample the second. */
function renderSamples(call: Call): string {
  const successes = answersOf(call).filter(([status]) => status < '300');
  return (call['x-codeSamples'] ?? [])
    .map(({ source }, index) => {
      const success = successes[index];
      return `<figure><figcaption>Try it</figcaption><pre class="command" tabindex="0"><code>${escapeHtml(source)}</code></pre>${success ? renderOutput(...success) : ''}</figure>`;
    })
    .join('\n');
}

function renderOutput(status: string, answer: Answer): string {
  const [type, { example } = {}] = Object.entries(answer.content ?? {})[0] ?? [];
  const head = [
    `${status} ${STATUS_CODES[status] ?? ''}`,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    ...ownHeaders(answer).map(([name, header]) => `${name}: ${String(header.example)}`),
  ].join('\n');
  const body =
    typeof example === 'string'
      ? example.trim()
      : example === undefined
        ? ''
        : JSON.stringify(example, null, 2);
  return `<pre class="output" tabindex="0"><code><b>${escapeHtml(head)}</b>${body ? `\n\n${escapeHtml(body)}` : ''}</code></pre>`;
}
