import type { Message } from './message.ts'

/** One output of a cell, as a notebook file keeps it (nbformat 4, § Code cell outputs). */
export type Output =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: string }
  | { output_type: 'display_data'; data: Record<string, unknown>; metadata: Record<string, unknown> }
  | {
      output_type: 'execute_result'
      data: Record<string, unknown>
      metadata: Record<string, unknown>
      execution_count: number
    }
  | { output_type: 'error'; ename: string; evalue: string; traceback: string[] }

/** Puts the messages of a cell together as a front end does: text after text is one text, an update replaces. */
export function collectOutputs(): { add(message: Message): void; all(): Output[] } {
  const outputs: Output[] = []
  const shown = new Map<string, { data: unknown }>()
  return {
    all: () => outputs,
    add({ header, content }) {
      const last = outputs.at(-1)
      const id = (content.transient as { display_id?: string } | undefined)?.display_id
      switch (header.msg_type) {
        case 'stream':
          if (last?.output_type === 'stream' && last.name === content.name) last.text += content.text
          else outputs.push({ output_type: 'stream', name: content.name, text: content.text } as Output)
          break
        case 'display_data':
        case 'execute_result': {
          const { data, metadata, execution_count } = content
          const counted = header.msg_type === 'execute_result' ? { execution_count } : {}
          const output = { output_type: header.msg_type, data, metadata, ...counted } as Output
          outputs.push(output)
          if (id && output.output_type === 'display_data') shown.set(id, output)
          break
        }
        case 'update_display_data':
          Object.assign(shown.get(id ?? '') ?? {}, { data: content.data })
          break
        case 'error': {
          const { ename, evalue, traceback } = content
          outputs.push({ output_type: 'error', ename, evalue, traceback } as Output)
        }
      }
    },
  }
}
