import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PACKAGE } from '../../package.ts'
import type { Language } from '../claim.ts'
import { buildNotebook, type Notebook, type Variant, writeNotebook } from './build.ts'
import { lessonNames, readLesson } from './words.ts'

/** The folder `notebooks/` of this package. */
export const NOTEBOOKS = join(PACKAGE, 'notebooks')

export const LANGUAGES: readonly Language[] = ['en', 'zh']

/** Every notebook of the course, made of its source. `path` is below `notebooks/`. */
export function courseNotebooks(
  names: readonly string[] = lessonNames(),
  languages: readonly Language[] = LANGUAGES,
  variant: Variant = 'learner',
): { lesson: string; language: Language; path: string; notebook: Notebook }[] {
  return names.flatMap(lesson => {
    const source = readLesson(lesson)
    return languages.map(language => {
      const notebook = buildNotebook(source, language, variant)
      return { lesson, language, path: `${language}/${lesson}.ipynb`, notebook }
    })
  })
}

/** Writes the learner's notebooks into `folder`; answers those that were not already so. */
export function writeCourse(folder: string = NOTEBOOKS, names?: readonly string[]): string[] {
  const changed = courseNotebooks(names).filter(({ path, notebook }) => !isWritten(join(folder, path), notebook))
  for (const { path, notebook } of changed) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), writeNotebook(notebook))
  }
  return changed.map(({ path }) => path)
}

/** Those in `folder` that are not what their source makes of them. */
export function staleNotebooks(folder: string = NOTEBOOKS): string[] {
  return courseNotebooks()
    .filter(({ path, notebook }) => !isWritten(join(folder, path), notebook))
    .map(({ path }) => path)
}

function isWritten(path: string, notebook: Notebook): boolean {
  try {
    return readFileSync(path, 'utf8') === writeNotebook(notebook)
  } catch {
    return false
  }
}
