import type { Lesson } from '../lesson.ts'
import { startHere } from './00-start-here.ts'
import { ociLayout } from './03-oci-layout.ts'

/** The course, in order. */
export const lessons: readonly Lesson[] = [startHere, ociLayout]
