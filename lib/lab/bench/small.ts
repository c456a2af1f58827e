import { asArchive } from './archive.ts'
import type { Suite } from './suite.ts'
import { unpacked } from './unpack.ts'

/** What the guard can afford of images: one that takes a fraction of a second. */
export const suite: Suite = {
  open: async place => [
    await unpacked('small', { goal: 0.4, today: 1 }, place),
    await asArchive('small', { goal: 0.3, today: 1 }, place),
  ],
}
