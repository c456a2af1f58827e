import { escapeHtml, printable } from './picture.ts'

export type Cell = string | number

/** A cell of a table in a browser that is HTML already. */
export interface Markup {
  readonly html: string
}

/** A table as text: columns lined up, numbers to the right. */
export function textTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = [head, ...rows.map(row => row.map(cell => printable(String(cell))))]
  const widths = head.map((_, column) => Math.max(...cells.map(row => width(row[column] ?? ''))))
  const right = head.map((_, column) => rows.length > 0 && rows.every(row => typeof row[column] === 'number'))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => {
        const space = ' '.repeat(widths[column]! - width(cell))
        return right[column] ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd()
  const [first, ...others] = cells
  return [line(first!), widths.map(it => '─'.repeat(it)).join('  '), ...others.map(line)].join('\n')
}

/** The same table for a browser, with a caption and header cells that a screen reader reads out. */
export function htmlTable(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (Cell | Markup)[])[],
): string {
  const header = head.map(name => `<th scope="col" style="text-align:left">${escapeHtml(name)}</th>`).join('')
  const body = rows.map(row => `<tr>${row.map(cellHtml).join('')}</tr>`)
  return [
    `<table><caption>${escapeHtml(caption)}</caption>`,
    `<thead><tr>${header}</tr></thead>`,
    `<tbody>${body.join('\n')}</tbody></table>`,
  ].join('\n')
}

function cellHtml(cell: Cell | Markup): string {
  const align = typeof cell === 'number' ? 'right' : 'left'
  const html = typeof cell === 'object' ? cell.html : escapeHtml(printable(String(cell)))
  return `<td style="text-align:${align};vertical-align:top">${html}</td>`
}

/** Columns on a terminal: what is written in Chinese, Japanese or Korean takes two, a mark on a letter none. */
export function width(text: string): number {
  let columns = 0
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
      character,
    )
      ? 2
      : 1
  }
  return columns
}
