/** Rows under their headings, the columns three apart, as docker has them. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map(row => row[column]!.length)) + 3
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('')
      .trimEnd(),
  )
}
