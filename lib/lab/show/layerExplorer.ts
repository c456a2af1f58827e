import { type Change, type LayerChanges, readableName } from '../../image/changes.ts'
import { shortDigest } from '../../spec/digest.ts'
import { escapeHtml, humanSize, inBoth, type Picture, printable, type Say } from './picture.ts'
import { textTable } from './table.ts'

const SIGNS = { add: '+', replace: '~', hide: '-', opaque: '×' } as const
const MEANINGS = {
  en: '+ adds  ~ replaces  - hides  × hides all that lower layers have in a folder',
  zh: '+ 添加  ~ 替换  - 遮住  × 遮住下面各层在一个文件夹里的一切',
}
// Nobody reads thirty thousand names; a browser folds them, a terminal does not.
const MOST_SHOWN = { text: 20, html: 500 } as const

/** Which layer adds, replaces and hides what, and how many bytes are carried for nothing. ≙ dive IMAGE */
export function layerExplorer(layers: readonly LayerChanges[]): Picture {
  const total = layers.reduce((bytes, { size }) => bytes + size, 0)
  const wasted = layers.reduce((bytes, layer) => bytes + layer.wasted, 0)
  return inBoth(say => {
    const summary = say({
      en: `${layers.length} layers, ${humanSize(total)} of files, ${humanSize(wasted)} of them hidden or replaced`,
      zh: `${layers.length} 层，文件共 ${humanSize(total)}，其中 ${humanSize(wasted)} 被遮住或替换`,
    })
    const lists = layers.flatMap((layer, i) => listed(layer, i, say))
    const folds = layers.map((layer, i) => folded(layer, i, say))
    return {
      title: say({ en: 'Layers, and what each does', zh: '各层，以及每层做了什么' }),
      text: [summary, '', textTable(HEAD.map(say), layers.map(row)), '', ...lists, say(MEANINGS)].join('\n'),
      html: `<p>${escapeHtml(summary)}</p>\n${folds.join('\n')}\n<p>${escapeHtml(say(MEANINGS))}</p>`,
    }
  })
}

const HEAD = [
  { en: 'layer', zh: '层' },
  { en: 'files', zh: '文件数' },
  { en: 'size', zh: '大小' },
  { en: 'hides', zh: '遮住' },
  { en: 'made by', zh: '由何而来' },
]

const hides = (bytes: number) => ({ en: `hides ${humanSize(bytes)}`, zh: `遮住 ${humanSize(bytes)}` })

function row({ layer, changes, size, wasted, createdBy }: LayerChanges, i: number) {
  const name = `${i + 1} ${shortDigest(layer.descriptor.digest)}`
  return [name, changes.length, humanSize(size), wasted ? humanSize(wasted) : '', cut(createdBy ?? '', 60)]
}

function listed({ changes }: LayerChanges, i: number, say: Say): string[] {
  const heading = say({ en: `layer ${i + 1}`, zh: `第 ${i + 1} 层` })
  return [heading, ...lines(changes, MOST_SHOWN.text, say).map(line => `  ${line}`), '']
}

function folded(layer: LayerChanges, i: number, say: Say): string {
  const [name, files, size, , createdBy] = row(layer, i)
  const facts = [
    say({ en: `layer ${name}`, zh: `层 ${name}` }),
    say({ en: `${files} files`, zh: `${files} 个文件` }),
    size,
    layer.wasted && say(hides(layer.wasted)),
    createdBy,
  ].filter(Boolean)
  const body = escapeHtml(lines(layer.changes, MOST_SHOWN.html, say).join('\n'))
  return `<details><summary>${escapeHtml(facts.join(' · '))}</summary>\n<pre>${body}</pre></details>`
}

/** The first of a long list; the last line says how many are left out. */
function lines(changes: readonly Change[], most: number, say: Say): string[] {
  const shown = changes.slice(0, most).map(({ kind, path, type, size, wasted }) => {
    const name = `/${printable(readableName(path))}${type === 'directory' && path ? '/' : ''}`
    const facts = [type === 'file' && kind !== 'hide' && humanSize(size), wasted && say(hides(wasted))]
    return [SIGNS[kind], name, ...facts.filter(Boolean)].join(' ')
  })
  return changes.length > most
    ? [...shown, say({ en: `… and ${changes.length - most} more`, zh: `…… 还有 ${changes.length - most} 个` })]
    : shown
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
