const MASK = '***'
const SECRET_HEADERS = ['cookie', 'set-cookie', 'proxy-authorization', 'x-registry-auth']
// Signed addresses: whoever has one may read what it names.
const SECRET_PARAMETER = /^(?:.*(?:signature|credential|token|secret|password).*|sig|_state)$/i
const SECRET_FIELD =
  /("(?:token|access_token|refresh_token|identitytoken|password|secret)"\s*:\s*")(?:[^"\\]|\\.)*(")/gi
const SECRET_FORM = /(^|&)((?:refresh_token|password|access_token)=)[^&]*/g

/** Headers without what would let a reader in; the scheme stays, it is what the lesson is about. */
export function maskedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, maskedHeader(name, value)]))
}

function maskedHeader(name: string, value: string): string {
  const lower = name.toLowerCase()
  if (lower === 'authorization') return value.replace(/^(\S+) .*$/s, `$1 ${MASK}`)
  if (SECRET_HEADERS.includes(lower)) return MASK
  return lower === 'location' ? maskedUrl(value) : value
}

/** An address without name, password and signature. What cannot be read as one is kept: it may be relative. */
export function maskedUrl(text: string): string {
  const [path, query] = cut(text)
  const open = path!.replace(/^(\w+:\/\/)[^/@]*@/, `$1${MASK}@`)
  if (query === undefined) return open
  const pairs = query.split('&').map(pair => {
    const [name, value] = pair.split(/=(.*)/s)
    return value !== undefined && SECRET_PARAMETER.test(name!) ? `${name}=${MASK}` : pair
  })
  return `${open}?${pairs.join('&')}`
}

/** JSON and forms without the tokens in them. */
export function maskedBody(text: string): string {
  return text.replace(SECRET_FIELD, `$1${MASK}$2`).replace(SECRET_FORM, `$1$2${MASK}`)
}

function cut(text: string): [string, string?] {
  const at = text.indexOf('?')
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
