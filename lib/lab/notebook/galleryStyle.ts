/** How the gallery looks: readable without it, too. */
export const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1rem; }
nav { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 1px solid var(--line); padding-bottom: .5rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 14px; margin: 0; }
pre.mermaid { white-space: pre; overflow-x: auto; }
.code { position: relative; margin: .8rem 0; }
.count { position: absolute; left: -3.2rem; width: 2.8rem; text-align: right; font: 13px monospace; opacity: .6; }
.source { background: var(--soft); border: 1px solid var(--line); border-radius: 4px; padding: .6rem; }
.output { padding: .4rem .6rem; overflow-x: auto; }
.stderr, .error { background: #f002; }
.mermaid { background: #fff; color: #000; }
svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; }
td, th { border: 1px solid var(--line); padding: .2rem .6rem; text-align: left; vertical-align: top; }
@media (max-width: 64rem) { .count { display: none; } }
`
