import { parseHTML } from 'linkedom'

/** Reads a diagram with mermaid itself, which wants a document to clean its labels with; throws where it would draw an error. */
export async function readMermaid(text: string): Promise<void> {
  const { window } = parseHTML('<html><body></body></html>')
  Object.assign(globalThis, { window, document: window.document })
  const { default: mermaid } = await import('mermaid')
  await mermaid.parse(text)
}
