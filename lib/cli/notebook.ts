import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import { OciError } from '../errors.ts'
import type { Language } from '../lab/claim.ts'
import { lessons } from '../lab/course/lessons/all.ts'
import type { Notebook, Variant } from '../lab/notebook/build.ts'
import { courseNotebooks, LANGUAGES, writeCourse } from '../lab/notebook/course.ts'
import { type Exhibit, writeGallery } from '../lab/notebook/gallery.ts'
import { lintCourse } from '../lab/notebook/lint.ts'
import { runInKernel, type SessionOptions } from '../lab/notebook/session.ts'
import { lessonNames } from '../lab/notebook/words.ts'
import { print, session } from './session.ts'

export function command(): Command {
  const notebook = new Command().description('The notebooks of the course: make them of their sources, and run them.')
  notebook
    .command('build')
    .description('Makes notebooks/en and notebooks/zh of notebooks/src.')
    .argument('[lesson...]', 'names of lessons; all by default')
    .action((names: string[]) => {
      const written = writeCourse(undefined, named(names))
      print({}, written, () => (written.length === 0 ? 'nothing to do' : written.map(path => `wrote ${path}`)))
    })
  notebook
    .command('run')
    .description('Runs notebooks, each in a kernel of its own, and fails on everything a learner would stumble over.')
    .argument('[lesson...]', 'names of lessons (03, 03-oci-layout), or notebook files; all lessons by default')
    .addOption(new Option('--lang <language>', 'in this language only').choices([...LANGUAGES]))
    .addOption(
      new Option(
        '--variant <variant>',
        'learner: exercises as stubs; solved: with the solutions, and every check must pass',
      )
        .choices(['learner', 'solved'])
        .default('solved'),
    )
    .option('--timeout <seconds>', 'for each cell', '120')
    .option('--root <folder>', 'the folder of the course: what is remembered there is used and changed')
    .option('--id <id>', 'lab id', 'default')
    .option('--own-network', 'in a network of its own, where the names of the article meet nobody else’s (needs root)')
    .action(async (names: string[], flags: RunFlags) => {
      const failed = await session({ quiet: true }, ({ signal }) => runAll(names, flags, signal))
      process.exitCode = failed > 0 ? 1 : 0
    })
  notebook
    .command('lint')
    .description('Says what a reader of the course would stumble over.')
    .action(() => {
      const problems = lintCourse(lessons)
      print({}, problems, () => problems)
      process.exitCode = problems.length > 0 ? 1 : 0
    })
  notebook
    .command('gallery')
    .description(
      'Runs the course with its solutions and writes what came of it as HTML, to be read without anything else.',
    )
    .argument('[lesson...]', 'names of lessons; all by default')
    .option('-o, --output <folder>', 'where to', 'gallery')
    .option('--own-network', 'in a network of its own (needs root)')
    .action(async (names: string[], flags: GalleryFlags) => {
      const broken = await session({ quiet: true }, ({ signal }) => exhibitAll(names, flags, signal))
      process.exitCode = broken > 0 ? 1 : 0
    })
  return notebook
}

interface RunFlags {
  lang?: Language
  variant: Variant
  timeout: string
  root?: string
  id: string
  ownNetwork?: boolean
}

async function runAll(
  names: readonly string[],
  { lang, variant, timeout, root, id, ownNetwork }: RunFlags,
  signal?: AbortSignal,
): Promise<number> {
  const files = names.filter(name => name.endsWith('.ipynb'))
  const lessons =
    files.length > 0 && files.length === names.length ? [] : named(names.filter(name => !files.includes(name)))
  const all = [
    ...courseNotebooks(lessons, lang ? [lang] : LANGUAGES, variant),
    ...files.map(path => ({ lesson: basename(path, '.ipynb'), language: lang ?? 'en', path, notebook: read(path) })),
  ]
  const options: SessionOptions = { timeout: Number(timeout) * 1000, root, labId: id, ownNetwork, signal }
  let failed = 0
  for (const { path, notebook, language } of all) {
    const { failures, checks } = await runInKernel(notebook, language, options)
    const states = Object.entries(checks)
    const open = variant === 'solved' ? states.filter(([, state]) => state === 'fail') : []
    const wrong = [
      ...failures.map(({ cell, what }) => `${cell}: ${what}`),
      ...open.map(([id]) => `check ${id}: not passed`),
    ]
    if (wrong.length > 0) failed++
    const mark = wrong.length > 0 ? styleText('red', '✘') : styleText('green', '✔')
    const passed = states.filter(([, state]) => state === 'pass').length
    process.stdout.write(`${mark} ${path}  ${passed} of ${states.length} checks passed\n`)
    for (const what of wrong) process.stdout.write(`    ${what}\n`)
  }
  return failed
}

interface GalleryFlags {
  output: string
  ownNetwork?: boolean
}

async function exhibitAll(
  names: readonly string[],
  { output, ownNetwork }: GalleryFlags,
  signal?: AbortSignal,
): Promise<number> {
  const exhibits: Exhibit[] = []
  for (const { lesson, language, notebook } of courseNotebooks(named(names), LANGUAGES, 'solved'))
    exhibits.push({ lesson, language, result: await runInKernel(notebook, language, { ownNetwork, signal }) })
  const broken = exhibits.filter(({ result }) => result.failures.length > 0)
  for (const { lesson, result } of broken) process.stderr.write(`${lesson}: ${JSON.stringify(result.failures[0])}\n`)
  const pages = await writeGallery(output, exhibits)
  print({}, pages, () => `wrote ${pages.length} pages: ${output}/index.html`)
  return broken.length
}

/** The lessons that are meant. Throws `ARGUMENT_INVALID` when there is none of that name. */
function named(names: readonly string[]): string[] {
  const known = lessonNames()
  if (names.length === 0) return known
  return names.map(name => {
    const lesson = known.find(id => id === name || id.slice(0, 2) === name)
    if (!lesson)
      throw new OciError('ARGUMENT_INVALID', `lesson ${name}: there is none (want one of ${known.join(', ')})`)
    return lesson
  })
}

function read(path: string): Notebook {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new OciError('IO', `${path}: cannot be read as a notebook (${(cause as Error).message})`, {}, { cause })
  }
}
