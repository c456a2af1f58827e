import { inBoth, type Picture } from './picture.ts'
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

const OURS = { en: 'ours', zh: '我们的' }
const VERDICT = { en: 'verdict', zh: '结论' }
const SPEC = { en: 'spec', zh: '规范' }
const EQUAL = { en: 'equal', zh: '相同' }
const DIFFERENT = { en: 'different', zh: '不同' }
const COLON = { en: ': ', zh: '：' }

/** Ours and the real tool side by side, and in each row whether they are equal, and if not, why. ≙ diff -y */
export function comparison(tool: string, rows: readonly Compared[]): Picture {
  return inBoth(say => {
    const head = ['', say(OURS), tool, say(VERDICT), say(SPEC)]
    const cells = rows.map(({ what, ours, theirs, clause, because }) => {
      const different = because ? `${say(DIFFERENT)}${say(COLON)}${because}` : say(DIFFERENT)
      return [what, ours, theirs, ours === theirs ? say(EQUAL) : different, clause]
    })
    const title = say({ en: `Ours and ${tool}`, zh: `我们的与 ${tool}` })
    return { title, text: textTable(head, cells), html: htmlTable(title, head, cells) }
  })
}
