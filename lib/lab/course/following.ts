import type { BlobLabel, LabEvent, Options } from '../../events.ts'
import { shortDigest } from '../../spec/digest.ts'
import type { Language } from '../claim.ts'
import { openJournal } from '../journal.ts'
import { type MimeBundle, type Shown, show } from '../screen.ts'
import { escapeHtml } from '../show/picture.ts'
import { translated } from './tell.ts'

const WIDTH = 24

/** Options for one operation: its command is printed, its blobs are drawn, its changes of the machine are journaled. */
export function journaled(labId: string, language: Language, signal?: AbortSignal): Options {
  const journal = openJournal(labId)
  const bars = blobBars(language)
  return {
    signal,
    onEvent(event) {
      // The journal first: what it cannot write down must not be done.
      journal.onEvent(event)
      if (event.type === 'command') process.stdout.write(`$ ${event.line}\n`)
      else if (event.type === 'blob') bars(event)
    },
  }
}

/** One picture that is drawn anew with each event: a bar for each blob. */
function blobBars(language: Language): (event: LabEvent & { type: 'blob' }) => void {
  const blobs = new Map<BlobLabel, { offset: number; state: string }>()
  let shown: Shown | undefined
  return ({ blob, offset, state }) => {
    blobs.set(blob, { offset, state })
    const picture = draw([...blobs], language)
    if (shown) shown.update(picture)
    else shown = show(picture)
  }
}

function draw(
  blobs: readonly (readonly [BlobLabel, { offset: number; state: string }])[],
  language: Language,
): MimeBundle {
  const rows = blobs.map(([blob, { offset, state }]) => {
    const ended = state === 'done' || state === 'skipped'
    const part = ended ? 1 : blob.size ? Math.min(1, offset / blob.size) : 0
    const name = `${blob.kind.padEnd(8)} ${blob.digest ? shortDigest(blob.digest) : ''}`
    const words = translated(state === 'skipped' ? 'already' : 'bytes', language, `${blob.size ?? offset}`)
    return { name, part, words }
  })
  const text = ({ name, part, words }: (typeof rows)[number]) => {
    const filled = Math.round(part * WIDTH)
    return `${name} [${'='.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${words}`
  }
  const html = ({ name, part, words }: (typeof rows)[number]) =>
    `<tr><td><code>${escapeHtml(name)}</code></td><td><progress value="${part}" max="1"></progress></td><td>${words}</td></tr>`
  return { 'text/plain': rows.map(text).join('\n'), 'text/html': `<table>${rows.map(html).join('')}</table>` }
}
