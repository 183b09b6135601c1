/** Of the reference. Wide: the calls, their words, their shell side by side; narrow: one under the other. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fff, #14171c); --side: light-dark(#f5f6f8, #191d23); --text: light-dark(#1c2330, #dfe4ec);
  --quiet: light-dark(#576072, #9aa5b6); --line: light-dark(#e1e4ea, #2b313b); --link: light-dark(#0b57a8, #7cb7ff);
  --tint: light-dark(#eef1f5, #232932); --shell: light-dark(#1d2430, #0d1014); --shell-text: #e3e8f0; --shell-quiet: #9db0c8;
  --get: light-dark(#0b57a8, #7cb7ff); --post: light-dark(#17693a, #6fd394); --put: light-dark(#8a4b00, #f0b35c);
  --patch: light-dark(#6a3fa0, #c6a3f5); --delete: light-dark(#b3261e, #ff9a90);
  font: 16px/1.6 system-ui, sans-serif; scroll-padding-top: 4rem;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); }
a { color: var(--link); text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 2.25rem; letter-spacing: -.02em; margin: 0 0 1rem; }
h2 { font-size: 1.625rem; letter-spacing: -.01em; margin: 0; }
h3 { font-size: 1.1875rem; margin: 0; }
h3 a { color: inherit; text-decoration: none; }
h3 a:hover { text-decoration: underline; }
h4 { font-size: .875rem; margin: 1.5rem 0 .25rem; }
p { margin: .5rem 0; max-width: 42rem; }
code, pre { font: .875em/1.6 ui-monospace, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
p code, dd code, li code { background: var(--tint); border-radius: .25rem; padding: .1em .3em; }
.line code, nav code { background: none; padding: 0; }
var { font-style: normal; color: var(--quiet); }
ul { list-style: none; margin: 0; padding: 0; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; z-index: 3; background: var(--ground); padding: .5rem 1rem; }

header { position: sticky; top: 0; z-index: 2; height: 3rem; padding: 0 1.5rem; display: flex; align-items: center; background: var(--side); border-bottom: 1px solid var(--line); }
header p { margin: 0; }
header a { color: inherit; font-weight: 650; text-decoration: none; }
header span { color: var(--quiet); font-size: .875rem; margin-left: .375rem; }
nav { background: var(--side); border-right: 1px solid var(--line); font-size: .8125rem; padding: 1.25rem 0 2rem; }
nav a { display: block; color: inherit; text-decoration: none; padding: .25rem 1.5rem; }
nav a:hover { background: var(--tint); }
nav > ul > li > a { font-size: .875rem; font-weight: 650; }
nav ul ul { margin-bottom: .75rem; }
nav li li a { display: flex; gap: .5rem; align-items: baseline; padding-block: .1875rem; }
nav li li span:last-child { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .75rem; overflow-wrap: anywhere; }
nav .method { width: 3.25rem; flex: none; font-size: .6875rem; }

.method { font: 700 .8125rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; color: var(--get); }
.post { color: var(--post); } .put { color: var(--put); } .patch { color: var(--patch); } .delete { color: var(--delete); }

main { min-width: 0; }
section { padding: 3rem 1.5rem; border-bottom: 1px solid var(--line); }
section:last-child { border: 0; }
.about, .alias, .type { color: var(--quiet); }
article { display: grid; gap: 1.5rem 2.5rem; margin-top: 2.5rem; scroll-margin-top: 4rem; }
article > * { min-width: 0; }
.line { font-size: 1rem; margin: .375rem 0; }
.alias { font-size: .875rem; margin-left: .5rem; white-space: nowrap; }
.type { font-weight: 400; font-size: .875rem; }
.required { color: var(--put); font-size: .75rem; font-weight: 600; }
.fields { margin: 0; }
.fields > div { padding: .5rem 0; border-top: 1px solid var(--line); }
.fields dt > code { font-weight: 650; }
.fields dd { margin: .125rem 0 0; font-size: .9375rem; }
.answers > li { display: flex; gap: .75rem; padding: .5rem 0; border-top: 1px solid var(--line); font-size: .9375rem; }
.answers .type { display: block; }
.status { font: 700 .875rem/1.7 ui-monospace, "DejaVu Sans Mono", monospace; color: var(--post); flex: none; }
.s3 { color: var(--get); } .s4 { color: var(--put); } .s5 { color: var(--delete); }
q { color: var(--quiet); display: block; }
.headers { font-size: .875rem; margin-top: .25rem; }
.headers li { margin: .125rem 0; }

figure { margin: 0 0 1rem; min-width: 0; background: var(--shell); color: var(--shell-text); border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
figcaption { font-size: .75rem; color: var(--shell-quiet); padding: .5rem 1rem 0; }
pre { margin: 0; padding: .5rem 1rem .875rem; overflow-x: auto; font-size: .8125rem; }
.command { white-space: pre-wrap; overflow-wrap: anywhere; }
.output { border-top: 1px solid #38414f; padding-top: .75rem; max-height: 26rem; overflow-y: auto; }
.output b { color: var(--shell-quiet); font-weight: 400; }
.object { gap: .25rem; }

@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
  header { grid-column: 1 / -1; }
  nav { position: sticky; top: 3rem; height: calc(100vh - 3rem); overflow-y: auto; }
  section { padding: 3.5rem 3rem; }
  .object { max-width: 46rem; }
}
@media (min-width: 78rem) {
  article:not(.object) { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); max-width: 88rem; }
  .shell { position: sticky; top: 4.5rem; align-self: start; }
}
@media (max-width: 59.99rem) {
  nav { position: sticky; top: 3rem; z-index: 1; padding: 0; border: 0; border-bottom: 1px solid var(--line); }
  nav ul ul { display: none; }
  nav > ul { display: flex; overflow-x: auto; padding: 0 .75rem; }
  nav > ul > li > a { padding: .75rem; font-weight: 500; }
  :root { scroll-padding-top: 7rem; }
  section { padding: 2rem 1.25rem; }
  header { padding: 0 1.25rem; }
}
@media print { nav, header { display: none; } }
`;
