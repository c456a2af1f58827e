import type { Picture } from './picture.ts'
import { htmlTable, textTable } from './table.ts'

/** One thing that ours and the real tool both made. */
export interface Compared {
  readonly what: string
  readonly ours: string
  readonly theirs: string
  /** The spec's clause that both follow: `image-spec layer.md § Whiteouts`. */
  readonly clause: string
  /** Why they may differ and both be right. */
  readonly because?: string
}

/** Ours and the real tool side by side, and in each row whether they are equal, and if not, why. ≙ diff -y */
export function comparison(tool: string, rows: readonly Compared[]): Picture {
  const head = ['', 'ours', tool, 'verdict', 'spec']
  const cells = rows.map(({ what, ours, theirs, clause, because }) => {
    const verdict = ours === theirs ? 'equal' : because ? `different: ${because}` : 'different'
    return [what, ours, theirs, verdict, clause]
  })
  const title = `Ours and ${tool}`
  return { title, text: textTable(head, cells), html: htmlTable(title, head, cells) }
}
