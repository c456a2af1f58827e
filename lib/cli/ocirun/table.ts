const NARROWEST = 12
const BETWEEN = 3

/** Rows as Go's text/tabwriter sets them for runc: a column is as wide as its widest cell and three, and at least twelve. */
export function tabulate(rows: readonly (readonly string[])[]): string {
  const last = rows[0]!.length - 1
  const widths = rows[0]!.map((_, column) =>
    Math.max(NARROWEST, ...rows.map(row => [...row[column]!].length + BETWEEN)),
  )
  return rows.map(row => `${row.map((cell, i) => (i === last ? cell : cell.padEnd(widths[i]!))).join('')}\n`).join('')
}
