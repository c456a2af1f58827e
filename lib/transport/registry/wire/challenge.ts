/** One way in that a registry offers: `Bearer realm="…",service="…",scope="…"`. RFC 9110 § 11. */
export interface Challenge {
  scheme: string
  parameters: Record<string, string>
}

export function writeChallenge({ scheme, parameters }: Challenge): string {
  return `${scheme} ${Object.entries(parameters)
    .map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
    .join(',')}`
}

/** All challenges of a header: schemes and their parameters are parted by the same commas. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = []
  const token = /\s*,?\s*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y
  for (let found = token.exec(header); found?.[1] !== undefined; found = token.exec(header)) {
    const [, word, quoted, plain] = found
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain
    if (value === undefined) challenges.push({ scheme: word, parameters: {} })
    else Object.assign(challenges.at(-1)?.parameters ?? {}, { [word.toLowerCase()]: value })
  }
  return challenges
}

/** `Authorization: Basic …`. RFC 7617. */
export function writeBasic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

export function parseBasic(header: string | undefined): { username: string; password: string } | undefined {
  const encoded = /^Basic +([\w+/=-]+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** `Authorization: Bearer …`. RFC 6750. */
export function writeBearer(token: string): string {
  return `Bearer ${token}`
}

export function parseBearer(header: string | undefined): string | undefined {
  return /^Bearer +([\w.~+/=-]+)$/i.exec(header ?? '')?.[1]
}
