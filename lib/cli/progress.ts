import { styleText } from 'node:util'
import type { BlobLabel, LabEvent } from '../events.ts'
import { shortDigest } from '../spec/digest.ts'

const WIDTH = 30

/** Draws blob events as bars on a terminal, as a line for each finished blob elsewhere; `trace` adds commands and HTTP. */
export function progress(out: NodeJS.WriteStream, { trace = false }: { trace?: boolean } = {}) {
  const live = new Map<BlobLabel, number>()
  let drawn = 0

  const erase = () => {
    if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[0J`)
    drawn = 0
  }
  const draw = () => {
    if (!out.isTTY) return
    for (const [blob, offset] of live) out.write(`${bar(blob, offset)}\n`)
    drawn = live.size
  }
  const line = (text: string) => {
    erase()
    out.write(`${text}\n`)
    draw()
  }

  const onBlob = (event: LabEvent & { type: 'blob' }) => {
    if (event.blob.kind === 'manifest') return
    if (event.state === 'started' || event.state === 'progress') {
      live.set(event.blob, event.offset)
      erase()
      draw()
      return
    }
    live.delete(event.blob)
    line(`${title(event.blob)} ${event.state === 'skipped' ? 'skipped: already there' : 'done'}`)
  }

  return {
    onEvent(event: LabEvent) {
      if (event.type === 'blob') onBlob(event)
      else if (trace && event.type === 'command') line(styleText('cyan', `$ ${event.line}`, { stream: out }))
      else if (trace && event.type === 'http') line(`${event.status} ${event.method} ${event.url}`)
      else if (trace && event.type === 'kernel') line(`${event.call}${event.errno ? `: ${event.errno}` : ''}`)
    },
    end: erase,
  }
}

// skopeo cuts the line at 25 characters, so a config shows fewer hex digits than a blob: we keep its look.
function title(blob: BlobLabel): string {
  const name = blob.digest ? shortDigest(blob.digest) : ''
  return `Copying ${blob.kind === 'config' ? 'config' : 'blob'} ${name}`.slice(0, 25).trimEnd()
}

function bar(blob: BlobLabel, offset: number): string {
  if (!blob.size) return `${title(blob)} ${megabytes(offset)}`
  const filled = Math.min(WIDTH, Math.round((offset / blob.size) * WIDTH))
  return `${title(blob)} [${'='.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${megabytes(offset)} / ${megabytes(blob.size)}`
}

function megabytes(bytes: number): string {
  return bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`
}
