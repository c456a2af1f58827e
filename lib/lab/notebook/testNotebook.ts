import type { Notebook } from './build.ts'

/** A notebook of these cells, `cell-1` and so on. */
export function notebook(...sources: string[]): Notebook {
  const cells = sources.map((source, index) => ({
    cell_type: 'code' as const,
    id: `cell-${index + 1}`,
    metadata: { tags: [] },
    source: [source],
  }))
  return { nbformat: 4, nbformat_minor: 5, metadata: {}, cells }
}
