import { createRequire } from 'node:module'
import type ts from '@tslab/typescript-for-tslab'
import type { Diagnostic } from 'tslab/dist/converter.js'

const require = createRequire(createRequire(import.meta.url).resolve('tslab/package.json'))

/** TypeScript as tslab has it, whose cells we rewrite before it sees them. */
const typescript = () => require('@tslab/typescript-for-tslab') as typeof ts

/**
 * A cell without its `export`s: every name of a cell is known to later ones, so the word says nothing here, and tslab takes
 * it for a second one. What stands behind keeps its place.
 */
export function withoutExports(code: string): string {
  if (!code.includes('export')) return code
  const { SyntaxKind, isExportDeclaration } = typescript()
  const source = parse(code)
  const blanked = source.statements.flatMap((statement): Span[] => {
    if (isExportDeclaration(statement)) return statement.moduleSpecifier ? [] : [spanOf(statement, source)]
    const modifiers = (statement as { modifiers?: readonly ts.ModifierLike[] }).modifiers ?? []
    if (modifiers.some(({ kind }) => kind === SyntaxKind.DefaultKeyword)) return []
    return modifiers.filter(({ kind }) => kind === SyntaxKind.ExportKeyword).map(modifier => spanOf(modifier, source))
  })
  return blanked.reduce((text, { from, to }) => text.slice(0, from) + ' '.repeat(to - from) + text.slice(to), code)
}

/** The type of a variable has no name that another module could write: TypeScript’s diagnostics for that. */
const UNNAMED = [2527, 2742, 4023, 4025, 7056]

/**
 * A cell in which the variables that these problems are about are of type `any`, so that later cells can know them:
 * `const { signal } = (new AbortController()) as any`. Undefined where there is another problem, too.
 */
export function withoutTypes(code: string, problems: readonly Diagnostic[]): string | undefined {
  const { isVariableStatement } = typescript()
  const source = parse(code)
  const declarations = source.statements.filter(isVariableStatement).flatMap(it => [...it.declarationList.declarations])
  const concerned = problems.map(({ code, start }) => {
    const at = source.getPositionOfLineAndCharacter(start.line, start.character)
    return UNNAMED.includes(code)
      ? declarations.find(({ name, type }) => !type && name.getStart(source) <= at && at < name.end)?.initializer
      : undefined
  })
  if (concerned.some(initializer => initializer === undefined)) return undefined
  const spans = [...new Set(concerned)].map(initializer => spanOf(initializer!, source)).sort((a, b) => b.from - a.from)
  return spans.reduce(
    (text, { from, to }) => `${text.slice(0, from)}(${text.slice(from, to)}) as any${text.slice(to)}`,
    code,
  )
}

interface Span {
  readonly from: number
  readonly to: number
}

function spanOf(node: ts.Node, source: ts.SourceFile): Span {
  return { from: node.getStart(source), to: node.end }
}

function parse(code: string): ts.SourceFile {
  const { createSourceFile, ScriptTarget } = typescript()
  return createSourceFile('cell.ts', code, ScriptTarget.ES2022, true)
}
