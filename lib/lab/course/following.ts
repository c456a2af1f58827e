import type { BlobLabel, LabEvent, Options } from '../../events.ts'
import { shortDigest } from '../../spec/digest.ts'
import { openJournal } from '../journal.ts'
import { type MimeBundle, type Shown, show } from '../screen.ts'
import { escapeHtml } from '../show/picture.ts'

const WIDTH = 24

/** Options for one operation: its command is printed, its blobs are drawn, its changes of the machine are journaled. */
export function journaled(labId: string, signal?: AbortSignal): Options {
  const journal = openJournal(labId)
  const bars = blobBars()
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
function blobBars(): (event: LabEvent & { type: 'blob' }) => void {
  const blobs = new Map<BlobLabel, { offset: number; state: string }>()
  let shown: Shown | undefined
  return ({ blob, offset, state }) => {
    blobs.set(blob, { offset, state })
    const picture = draw([...blobs])
    if (shown) shown.update(picture)
    else shown = show(picture)
  }
}

function draw(blobs: readonly (readonly [BlobLabel, { offset: number; state: string }])[]): MimeBundle {
  const rows = blobs.map(([blob, { offset, state }]) => {
    const ended = state === 'done' || state === 'skipped'
    const part = ended ? 1 : blob.size ? Math.min(1, offset / blob.size) : 0
    const name = `${blob.kind.padEnd(8)} ${blob.digest ? shortDigest(blob.digest) : ''}`
    return { name, part, size: blob.size ?? offset, word: state === 'skipped' ? 'already there' : '' }
  })
  const text = ({ name, part, size, word }: (typeof rows)[number]) => {
    const filled = Math.round(part * WIDTH)
    return `${name} [${'='.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${size} bytes ${word}`.trimEnd()
  }
  const html = ({ name, part, size, word }: (typeof rows)[number]) =>
    `<tr><td><code>${escapeHtml(name)}</code></td><td><progress value="${part}" max="1"></progress></td><td>${size} bytes ${word}</td></tr>`
  return { 'text/plain': rows.map(text).join('\n'), 'text/html': `<table>${rows.map(html).join('')}</table>` }
}
