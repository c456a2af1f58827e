import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { labNames, labPort, type NetworkNames } from '../../network/names.ts'
import type { Language } from '../claim.ts'

/** Where a lesson is worked on, and what a check may look at. */
export interface Place {
  /** The folder of the lesson: notebook cells run in it, and a terminal beside may be in it too. */
  readonly folder: string
  /** Names of the lab's network. */
  readonly names: NetworkNames
  /** Id of the lab: `default` gives the article's own names. */
  readonly labId: string
  /** What the lab's container is called: the article's `oci-demo-app` in the default lab. */
  readonly container: string
  /** The port of this machine for what the article publishes on `ofArticle`: in the default lab the same. */
  port(ofArticle: number): number
  /** A path below the folder. */
  path(...parts: string[]): string
  /** What the learner has answered, by {@link NotebookLab.answer}; undefined before. */
  answer(id: string): unknown
  /** Where something that runs for this lesson listens, `registry` for one; undefined when it was not started. */
  service(name: string): string | undefined
}

/** The folder the course is taken in: that with `.ocilab` or `notebooks` in it, at or above `from`; else `from`. */
export function courseRoot(from: string = process.cwd()): string {
  if (process.env.OCILAB_DIR) return resolve(process.env.OCILAB_DIR)
  const folders = ancestors(resolve(from))
  const found = (name: string) => folders.find(folder => existsSync(join(folder, name)))
  return found('.ocilab') ?? found('notebooks') ?? resolve(from)
}

function ancestors(folder: string): string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...ancestors(above)]
}

/** The language of a notebook is that of its folder, `notebooks/zh`; elsewhere it is that of the terminal. */
export function languageOf(folder: string = process.cwd()): Language {
  const name = basename(folder)
  if (name === 'en' || name === 'zh') return name
  return /^zh/.test(process.env.LC_ALL ?? process.env.LANG ?? '') ? 'zh' : 'en'
}

export function labId(): string {
  return process.env.OCILAB_ID ?? 'default'
}

/** The place of a lesson below the course's folder; what was remembered is read by `memory`. */
export function placeOf(
  root: string,
  lesson: string,
  memory: { answer(id: string): unknown; service(name: string): string | undefined },
): Place {
  const folder = join(root, 'lab-work', lesson)
  const id = labId()
  const container = id === 'default' ? 'oci-demo-app' : `oci-demo-app-${id}`
  return {
    folder,
    names: labNames(id),
    labId: id,
    container,
    port: ofArticle => labPort(id, ofArticle),
    path: (...parts) => join(folder, ...parts),
    ...memory,
  }
}
