import { join } from 'node:path'

/** Where states are kept. ≙ `runc --root` */
export function defaultStateRoot(): string {
  const mine = process.env.XDG_RUNTIME_DIR
  return process.getuid?.() === 0 || !mine ? '/run/ocirun' : join(mine, 'ocirun')
}
