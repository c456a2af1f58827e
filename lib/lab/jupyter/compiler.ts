import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Converter, Diagnostic } from 'tslab/dist/converter.js'

const require = createRequire(import.meta.url)

/** TypeScript turned into something to run, and the declarations that the next cell needs. */
export interface Compiled {
  readonly javascript: string
  readonly awaits: boolean
  /** The variable that holds the value of the cell's last expression. */
  readonly last?: string
  readonly declarations: string
}

/** A cell that is not TypeScript: `problems` say where and why. */
export class CompileError extends Error {
  readonly problems: readonly Diagnostic[]
  constructor(problems: readonly Diagnostic[]) {
    super(problems.map(({ start, messageText }) => `line ${start.line + 1}: ${messageText}`).join('\n'))
    this.name = 'TypeScript'
    this.problems = problems
  }
}

/** A compiler that knows what earlier cells have declared. */
export interface Compiler {
  /** Throws {@link CompileError}. */
  compile(code: string): Compiled
  /** What a compiled cell has declared is known from now on: it was run. */
  keep(compiled: Compiled): void
  complete(code: string, position: number): { start: number; end: number; candidates: string[] }
  /** The type and the documentation of what is at that place. */
  inspect(code: string, position: number): string | undefined
  close(): void
}

/**
 * tslab's compiler for notebooks: each cell is a module that sees the variables of those before. In `folder`, the name
 * `ocilab` means the package in `home`, as if it were installed there.
 */
export function openCompiler(folder: string, home: string): Compiler {
  process.chdir(folder)
  const types = createRequire(require.resolve('tslab/package.json')).resolve('@types/node/package.json')
  lend({
    [join(folder, 'node_modules/ocilab')]: home,
    // What Node itself has, wherever npm has put its description.
    [join(folder, 'node_modules/@types')]: dirname(dirname(types)),
  })
  const { createConverter } = require('tslab/dist/converter.js') as typeof import('tslab/dist/converter.js')
  const { printQuickInfo } = require('tslab/dist/inspect.js')
  const converter: Converter = createConverter()
  let declarations = ''
  return {
    compile(code) {
      const converted = converter.convert(declarations, code)
      if (converted.diagnostics.length > 0) throw new CompileError(converted.diagnostics)
      return {
        javascript: converted.output ?? '',
        awaits: converted.hasToplevelAwait ?? false,
        last: converted.lastExpressionVar,
        declarations: converted.declOutput ?? '',
      }
    },
    keep: compiled => {
      declarations = compiled.declarations
    },
    complete: (code, position) => converter.complete(declarations, code, position),
    inspect(code, position) {
      const info = converter.inspect(declarations, code, position)
      return info && printQuickInfo(info)
    },
    close: () => converter.close(),
  }
}

/**
 * Lets the compiler see folders in other places than they are: links that are nowhere on disk, so that every folder is a
 * lab. What is really at such a place is hidden.
 */
function lend(places: Readonly<Record<string, string>>): void {
  const { sys } = createRequire(require.resolve('tslab/package.json'))('@tslab/typescript-for-tslab')
  const above = new Set(Object.keys(places).flatMap(ancestors))
  const there = (path: string) => {
    const place = Object.keys(places).find(place => path === place || path.startsWith(`${place}/`))
    return place === undefined ? path : places[place] + path.slice(place.length)
  }
  const { readFile, fileExists, directoryExists, getDirectories, realpath } = sys
  Object.assign(sys, {
    readFile: (path: string, encoding?: string) => readFile(there(path), encoding),
    fileExists: (path: string) => fileExists(there(path)),
    directoryExists: (path: string) => above.has(path) || directoryExists(there(path)),
    getDirectories: (path: string) => getDirectories(there(path)),
    realpath: (path: string) => realpath(there(path)),
  })
}

function ancestors(path: string): string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...ancestors(above)]
}
