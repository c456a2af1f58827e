import { randomUUID } from 'node:crypto'

/** One thing to see, in as many forms as we have of it: a front end takes the richest that it knows. */
export interface MimeBundle {
  /** What a terminal, a screen reader or a diff shows. */
  readonly 'text/plain': string
  readonly 'text/markdown'?: string
  readonly 'text/html'?: string
  readonly 'image/svg+xml'?: string
  readonly 'text/vnd.mermaid'?: string
}

/** Where the pictures of the running code go, and what stops it: a notebook's kernel puts itself here. */
export interface Screen {
  show(bundle: MimeBundle, id: string): void
  update(bundle: MimeBundle, id: string): void
  /** Aborted when the learner stops the running cell. */
  readonly signal?: AbortSignal
}

/** Something shown that can be shown anew in its place: a progress bar. */
export interface Shown {
  update(bundle: MimeBundle): void
}

const terminal: Screen = {
  show: bundle => void process.stdout.write(`${bundle['text/plain']}\n`),
  update: bundle => void process.stdout.write(`${bundle['text/plain']}\n`),
}

let current: Screen = terminal

export function setScreen(screen: Screen): void {
  current = screen
}

/** Shows a picture where the running code is seen: in the notebook, else in the terminal. */
export function show(bundle: MimeBundle): Shown {
  const id = randomUUID()
  current.show(bundle, id)
  return { update: next => current.update(next, id) }
}

/** The signal that stops the running cell; outside a notebook there is none. */
export function stopSignal(): AbortSignal | undefined {
  return current.signal
}
