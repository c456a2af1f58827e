import { inspect } from 'node:util'
import type { MimeBundle } from '../screen.ts'
import type { Compiler } from './compiler.ts'
import type { Message } from './message.ts'

/** The answer to what needs no cell to run; undefined for what is not asked of us. */
export function answerAtOnce({ header, content }: Message, compiler: Compiler): Record<string, unknown> | undefined {
  const { code = '', cursor_pos = 0 } = content as { code?: string; cursor_pos?: number }
  switch (header.msg_type) {
    case 'kernel_info_request':
      return KERNEL_INFO
    case 'complete_request': {
      const { start, end, candidates } = compiler.complete(code, cursor_pos)
      return { status: 'ok', matches: candidates, cursor_start: start, cursor_end: end, metadata: {} }
    }
    case 'inspect_request': {
      const text = compiler.inspect(code, cursor_pos)
      return { status: 'ok', found: text !== undefined, data: text ? { 'text/plain': text } : {}, metadata: {} }
    }
    case 'is_complete_request':
      return { status: 'unknown' }
    case 'history_request':
      return { status: 'ok', history: [] }
    case 'comm_info_request':
      return { status: 'ok', comms: {} }
    case 'interrupt_request':
      return { status: 'ok' }
    case 'shutdown_request':
      return { status: 'ok', restart: content.restart ?? false }
    default:
      return undefined
  }
}

const KERNEL_INFO = {
  status: 'ok',
  protocol_version: '5.3',
  implementation: 'ocilab',
  implementation_version: '1.0.0',
  language_info: {
    name: 'typescript',
    version: '5.0.4',
    mimetype: 'text/typescript',
    file_extension: '.ts',
    // JupyterLab colours by `mode`, the old notebook by `name` and `typescript`.
    codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
    pygments_lexer: 'typescript',
    nbconvert_exporter: 'script',
  },
  banner: 'ocilab: TypeScript',
  help_links: [],
}

/** What objects that know how to be shown have: the name is the one that Deno’s kernel uses. */
export const DISPLAY = Symbol.for('Jupyter.display')

/** How the value of a cell's last expression is shown; nothing for no value. */
export function displayOf(value: unknown): MimeBundle | undefined {
  if (value === undefined || value === null) return undefined
  const own = (value as { [DISPLAY]?: () => MimeBundle })[DISPLAY]
  if (typeof own === 'function') return own.call(value)
  return { 'text/plain': typeof value === 'string' ? value : inspect(value, { depth: 4, maxArrayLength: 40 }) }
}
