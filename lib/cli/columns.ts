import { printable } from '../lab/show/picture.ts'

/** Rows under their headings, the columns three apart, as docker has them. What images say in them moves no cursor. */
export function columns(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map(row => row.map(printable))
  const width = (column: number) => Math.max(...rows.map(row => row[column]!.length)) + 3
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('')
      .trimEnd(),
  )
}
