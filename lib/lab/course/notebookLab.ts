import { isOciError, OciError, sentence } from '../../errors.ts'
import type { Options } from '../../events.ts'
import type { Language } from '../claim.ts'
import { reset } from '../journal.ts'
import { leaks } from '../leaks.ts'
import { show, stopSignal } from '../screen.ts'
import { mimeBundle, type Picture } from '../show/picture.ts'
import {
  beginLesson,
  checkOf,
  checkStep,
  giveAnswer,
  lessonOf,
  lessonPlace,
  lookAt,
  nextHint,
  resetStep,
  revealSolution,
} from './course.ts'
import { journaled } from './following.ts'
import type { Lesson } from './lesson.ts'
import { courseRoot, labId, languageOf, type Place } from './place.ts'
import { type CourseRegistry, openRegistry } from './registry.ts'
import { reportBundle } from './say.ts'
import { runShell } from './shell.ts'
import { changeStep, readState } from './state.ts'
import { hintWords, solutionWords, summary, table, translated } from './tell.ts'

// Where the notebook was opened: begin() goes to the lesson's folder, and this stays.
const HOME = process.cwd()
const root = () => courseRoot(HOME)
const language = (): Language => languageOf(HOME)

const print = (text: string) => void process.stdout.write(`${text}\n`)
const closing: (() => Promise<void>)[] = []
let current: Lesson | undefined

/** What a notebook of the course calls: everything is awaited, and everything can be done again. */
export const lab = {
  /** Opens a lesson: makes its folder and what it starts with, goes there, and says what this machine can do for it. */
  async begin(asked: string): Promise<void> {
    current = lessonOf(asked)
    const leftOver = await leaks(labId())
    const { place, found } = await beginLesson(root(), current, { signal: stopSignal() })
    process.chdir(place.folder)
    const names = leftOver.map(({ what }) => what)
    show(table(found, place.folder, language(), names))
  },

  /** Looks whether a step is done, whatever tool did it: `lab.check('03.1')`. */
  async check(id: string): Promise<void> {
    show(reportBundle(await checkStep(root(), id), language()))
  },

  /** The next of three hints; called again, the one after it. */
  async hint(id: string): Promise<void> {
    const { hints, of } = await nextHint(root(), id)
    print(hintWords(id, hints, of, language()))
  },

  /** The solution: any time, but it is remembered that it was asked for. */
  async reveal(id: string): Promise<void> {
    print(solutionWords(id, await revealSolution(root(), id), language()))
  },

  /** Makes one step undone, and only that one. */
  async reset(id: string): Promise<void> {
    const removed = await resetStep(root(), id)
    print(translated('reset', language(), id, removed.join(', ')))
  },

  /** Writes down the answer to a question of a step. */
  async answer(id: string, answer: string | number | boolean): Promise<void> {
    await giveAnswer(root(), id, answer)
  },

  /** Writes down what you expect, before you look. */
  async predict(id: string, prediction: string | number | boolean): Promise<void> {
    checkOf(id)
    await changeStep(root(), id, { prediction })
    print(translated('noted', language(), String(prediction)))
  },

  /** Puts what came beside what you had expected. */
  async outcome(id: string, value: string | number | boolean): Promise<void> {
    checkOf(id)
    const { prediction } = readState(root()).steps[id] ?? {}
    const word = prediction === undefined ? 'unpredicted' : prediction === value ? 'foreseen' : 'surprise'
    print(translated(word, language(), String(value), String(prediction)))
  },

  /** Runs something that must fail, with that code, and shows how it says so. Throws when it does not fail, or otherwise. */
  async expectError(code: string, work: () => unknown): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!isOciError(error) || error.code !== code) throw error
      return print(`${translated('refused', language())} ${sentence(error)}`)
    }
    throw new OciError('COMMAND_FAILED', `it did not fail (want ${code})`, { want: code })
  },

  /** Shows a picture: drawn where the front end can, and as text. */
  show(picture: Picture): void {
    show(mimeBundle(picture[language()]))
  },

  /** Runs a line of shell in the lesson's folder and prints what it prints. Throws `COMMAND_FAILED` for another status than 0. */
  async sh(line: string): Promise<void> {
    await runShell(line, { signal: stopSignal(), cwd: process.cwd() }, text => void process.stdout.write(text))
  },

  /** For the last parameter of the library's operations: shows commands and progress, journals changes, stops with the cell. */
  get options(): Options {
    return journaled(labId(), language(), stopSignal())
  },

  /** A registry on this machine with the demo image in it. It runs until {@link lab.cleanup} or until the notebook is closed. */
  async registry(choice: { users?: Record<string, string> } = {}): Promise<CourseRegistry> {
    const { registry, close } = await openRegistry(root(), opened(), choice)
    closing.push(close)
    return registry
  },

  /** Where the lesson is worked on. */
  get place(): Place {
    return lessonPlace(root(), opened())
  },

  /** How the lesson stands. */
  async report(): Promise<void> {
    const lesson = opened()
    const reports = []
    for (const check of lesson.checks) reports.push(await lookAt(root(), lesson, check))
    show(summary(reports, language()))
  },

  /** Takes back everything that this lab has changed on the machine, and ends what it runs. Your files stay. */
  async cleanup(): Promise<void> {
    for (const close of closing.splice(0)) await close()
    const undone = await reset(labId())
    print(translated('cleaned', language(), String(undone.length)))
  },

  /** What is left on the machine: `none`, when all was taken back. */
  async leaks(): Promise<void> {
    const found = await leaks(labId())
    print(found.length === 0 ? translated('none', language()) : found.map(({ what }) => what).join('\n'))
  },
}

function opened(): Lesson {
  if (current) return current
  throw new OciError(
    'ARGUMENT_INVALID',
    'no lesson is open in this kernel (want the cell with lab.begin to be run first)',
    {
      advice: {
        en: 'run the first cell of the notebook, and then this one again',
        zh: '先运行笔记本的第一个单元格，再运行这个',
      },
    },
  )
}
