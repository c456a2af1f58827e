import { emit, type Options } from '../events.ts'
import { kernelError, native } from '../kernel.ts'

// linux/mount.h
const MNT_DETACH = 2
// What mount(2) takes of options, which is one page.
const LONGEST_DATA = 4095
// No notes of the kernel's own in the upper folder: it is to hold files as they are, and nothing else.
const PLAIN = 'redirect_dir=off,metacopy=off,index=off'

export interface Overlay {
  /** Topmost first; none of them is written to. */
  readonly lower: readonly string[]
  readonly upper: string
  /** An empty folder beside `upper`, for the kernel. */
  readonly work: string
}

/** False when the kernel could not be told of so many folders at once. */
export function fitsOverlay(overlay: Overlay): boolean {
  return overlay.lower.length > 0 && dataOf(overlay).length <= LONGEST_DATA && !/[:,\\]/.test(overlay.lower.join(''))
}

/** Mounts an overlay; what is written there is in `upper` afterwards. ≙ `mount -t overlay` Throws `NOT_PERMITTED`, `KERNEL`. */
export async function mountOverlay(overlay: Overlay, target: string, options?: Options): Promise<void> {
  emit(options, { type: 'change', undo: { kind: 'mount', path: target } })
  try {
    await native().mount('overlay', target, 'overlay', 0, dataOf(overlay))
  } catch (error) {
    throw kernelError(error, `mount overlay on ${target}`)
  }
}

/** Takes a mount away, also one that is in use: it is gone when nobody uses it any more. */
export async function unmount(target: string, options?: Options): Promise<void> {
  try {
    await native().unmount(target, MNT_DETACH)
  } catch (error) {
    throw kernelError(error, `unmount ${target}`)
  }
  emit(options, { type: 'undone', undo: { kind: 'mount', path: target } })
}

function dataOf({ lower, upper, work }: Overlay): string {
  return `lowerdir=${lower.join(':')},upperdir=${upper},workdir=${work},${PLAIN}`
}
