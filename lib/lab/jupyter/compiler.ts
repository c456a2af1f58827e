import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Converter, ConvertResult, Diagnostic } from 'tslab/dist/converter.js'
import { withoutExports, withoutTypes } from './rewrite.ts'

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

/** The compiler itself has failed, which says nothing of the cell. */
export class CompilerCrash extends Error {
  override readonly name = 'TypeScript'
}

/** A compiler that knows what earlier cells have declared. */
export interface Compiler {
  /** Throws {@link CompileError}, {@link CompilerCrash}. */
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
  let converter: Converter = createConverter()
  let declarations = ''

  /** Asks the converter. One that has crashed is in no state to go on: there is a new one for the next cell. */
  function ask<T>(question: (converter: Converter, declarations: string) => T): T {
    try {
      return question(converter, declarations)
    } catch (cause) {
      converter.close()
      converter = createConverter()
      throw new CompilerCrash((cause as Error).message.split('\n')[0], { cause })
    }
  }

  const convert = (code: string) => ask((converter, known): ConvertResult => converter.convert(known, code))

  return {
    compile(code) {
      const cell = withoutExports(code)
      let converted = convert(cell)
      const untyped = converted.diagnostics.length > 0 ? withoutTypes(cell, converted.diagnostics) : undefined
      if (untyped !== undefined) converted = convert(untyped)
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
    complete: (code, position) => ask((converter, known) => converter.complete(known, code, position)),
    inspect(code, position) {
      const info = ask((converter, known) => converter.inspect(known, code, position))
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
    readFile: (path: string, encoding?: string) => complete(path, readFile(there(path), encoding)),
    fileExists: (path: string) => fileExists(there(path)),
    directoryExists: (path: string) => above.has(path) || directoryExists(there(path)),
    getDirectories: (path: string) => getDirectories(there(path)),
    realpath: (path: string) => realpath(there(path)),
  })
}

/** Adds to tslab's description of Node what Node has got since. */
function complete(path: string, text: string | undefined): string | undefined {
  if (!/\/@types\/node\/(ts[\d.]+\/)?index\.d\.ts$/.test(path) || text === undefined) return text
  return `${text}\ndeclare var crypto: typeof import('crypto').webcrypto\n`
}

function ancestors(path: string): string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...ancestors(above)]
}
