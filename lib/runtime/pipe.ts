import { native } from '../kernel.ts'

/** Two descriptors: what is written into the second comes out of the first. ≙ pipe(2) */
export function newPipe(): [read: number, write: number] {
  return native().pipe()
}
