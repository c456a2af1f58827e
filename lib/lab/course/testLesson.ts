import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Finding } from '../claim.ts'
import { beginLesson, checkOf, giveAnswer, lessonOf, lessonPlace, lookAt, resetStep } from './course.ts'
import type { Place } from './place.ts'

/** A lesson in a fresh folder, as a learner has it who has just run its first cell. */
export async function openTestLesson(id: string) {
  const root = await mkdtemp(join(tmpdir(), 'ocilab-lesson-'))
  const lesson = lessonOf(id)
  await beginLesson(root, lesson)
  return {
    root,
    /** With what is remembered now. */
    place: (): Place => lessonPlace(root, lesson),
    answer: (step: string, answer: string | number | boolean) => giveAnswer(root, step, answer),
    look: async (step: string): Promise<Finding> => (await lookAt(root, lesson, checkOf(step).check)).finding,
    reset: (step: string) => resetStep(root, step),
    close: () => rm(root, { recursive: true, force: true }),
  }
}
