import { OciError } from '../errors.ts'

/** What a member of a layer does: adds something, or hides something of the layers below. */
export type Effect = { kind: 'add' } | { kind: 'whiteout'; path: Buffer } | { kind: 'opaque'; path: Buffer }

const PREFIX = Buffer.from('.wh.')
const OPAQUE = Buffer.from('.wh..wh..opq')
const SLASH = 47

/** Whether a path's last part hides something; {@link effectOf} says what. */
export function isWhiteout(path: string): boolean {
  return path.startsWith('.wh.', path.lastIndexOf('/') + 1)
}

/**
 * Reads a member's name: `.wh.NAME` hides NAME, `.wh..wh..opq` hides all that lower layers have in its folder.
 * Neither hides anything of its own layer. Throws `TAR_INVALID` for a name that would hide nothing or its own folder.
 * image-spec layer.md § Whiteouts.
 */
export function effectOf(path: Buffer): Effect {
  const slash = path.lastIndexOf(SLASH)
  const folder = path.subarray(0, Math.max(slash, 0))
  const name = path.subarray(slash + 1)
  if (!name.subarray(0, PREFIX.length).equals(PREFIX)) return { kind: 'add' }
  if (name.equals(OPAQUE)) return { kind: 'opaque', path: folder }
  const hidden = name.subarray(PREFIX.length)
  if (hidden.length === 0 || hidden.equals(Buffer.from('.')) || hidden.equals(Buffer.from('..')))
    throw new OciError('TAR_INVALID', `${path}: a whiteout of nothing`, { want: '.wh.NAME', got: String(path) })
  return { kind: 'whiteout', path: slash < 0 ? hidden : Buffer.concat([folder, Buffer.from('/'), hidden]) }
}
