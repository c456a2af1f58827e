import { type Change, type LayerChanges, readableName } from '../../image/changes.ts'
import { shortDigest } from '../../spec/digest.ts'
import { escapeHtml, humanSize, type Picture, printable } from './picture.ts'
import { textTable } from './table.ts'

const SIGNS = { add: '+', replace: '~', hide: '-', opaque: '×' } as const
const MEANINGS = '+ adds  ~ replaces  - hides  × hides all that lower layers have in a folder'
// Nobody reads thirty thousand names; a browser folds them, a terminal does not.
const MOST_SHOWN = { text: 20, html: 500 } as const

/** Which layer adds, replaces and hides what, and how many bytes are carried for nothing. ≙ dive IMAGE */
export function layerExplorer(layers: readonly LayerChanges[]): Picture {
  const total = layers.reduce((bytes, { size }) => bytes + size, 0)
  const wasted = layers.reduce((bytes, layer) => bytes + layer.wasted, 0)
  const summary = `${layers.length} layers, ${humanSize(total)} of files, ${humanSize(wasted)} of them hidden or replaced`
  return {
    title: 'Layers, and what each does',
    text: [summary, '', textTable(HEAD, layers.map(row)), '', ...layers.flatMap(listed), MEANINGS].join('\n'),
    html: `<p>${escapeHtml(summary)}</p>\n${layers.map(folded).join('\n')}\n<p>${escapeHtml(MEANINGS)}</p>`,
  }
}

const HEAD = ['layer', 'files', 'size', 'hides', 'made by']

function row({ layer, changes, size, wasted, createdBy }: LayerChanges, i: number) {
  const name = `${i + 1} ${shortDigest(layer.descriptor.digest)}`
  return [name, changes.length, humanSize(size), wasted ? humanSize(wasted) : '', cut(createdBy ?? '', 60)]
}

function listed({ changes }: LayerChanges, i: number): string[] {
  return [`layer ${i + 1}`, ...lines(changes, MOST_SHOWN.text).map(line => `  ${line}`), '']
}

function folded(layer: LayerChanges, i: number): string {
  const [name, files, size, wasted, createdBy] = row(layer, i)
  const facts = [`layer ${name}`, `${files} files`, size, wasted && `hides ${wasted}`, createdBy].filter(Boolean)
  const body = escapeHtml(lines(layer.changes, MOST_SHOWN.html).join('\n'))
  return `<details><summary>${escapeHtml(facts.join(' · '))}</summary>\n<pre>${body}</pre></details>`
}

/** The first of a long list; the last line says how many are left out. */
function lines(changes: readonly Change[], most: number): string[] {
  const shown = changes.slice(0, most).map(({ kind, path, type, size, wasted }) => {
    const name = `/${printable(readableName(path))}${type === 'directory' && path ? '/' : ''}`
    const facts = [type === 'file' && kind !== 'hide' && humanSize(size), wasted && `hides ${humanSize(wasted)}`]
    return [SIGNS[kind], name, ...facts.filter(Boolean)].join(' ')
  })
  return changes.length > most ? [...shown, `… and ${changes.length - most} more`] : shown
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
