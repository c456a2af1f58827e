import { StringDecoder } from 'node:string_decoder'

type Stream = 'stdout' | 'stderr'

/** Sends what is written to stdout and stderr to `told` instead; the function it answers gives them back. */
export function captureOutput(told: (stream: Stream, text: string) => void): () => void {
  const release = (['stdout', 'stderr'] as const).map(name => redirect(name, text => told(name, text)))
  return () => {
    for (const giveBack of release) giveBack()
  }
}

function redirect(name: Stream, told: (text: string) => void): () => void {
  const stream = process[name]
  const write = stream.write
  // A character may come in two writes.
  const decoder = new StringDecoder('utf8')
  stream.write = (chunk: Uint8Array | string, ...rest: unknown[]) => {
    const text = typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk))
    if (text !== '') told(text)
    const done = rest.find(argument => typeof argument === 'function') as (() => void) | undefined
    if (done) queueMicrotask(done)
    return true
  }
  return () => {
    stream.write = write
  }
}
