import { OciError } from '../errors.ts'

/** Splits `PATH[:NAME]` at the first colon, as skopeo does: a path with a colon in it cannot be named. Throws `REFERENCE_INVALID`. */
export function pathAndName(kind: string, rest: string): { path: string; name?: string } {
  const colon = rest.indexOf(':')
  const path = colon < 0 ? rest : rest.slice(0, colon)
  const name = colon < 0 ? undefined : rest.slice(colon + 1)
  if (path === '' || path.includes('\0'))
    throw new OciError(
      'REFERENCE_INVALID',
      `${JSON.stringify(`${kind}:${rest}`)}: no path (want ${kind}:PATH[:NAME])`,
      {
        want: `${kind}:PATH[:NAME]`,
        got: `${kind}:${rest}`,
      },
    )
  return name ? { path, name } : { path }
}
