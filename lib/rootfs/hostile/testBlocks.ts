// Tars by hand: what no honest writer writes.

const BLOCK = 512

/** Where the fields of a header begin. POSIX ustar. */
export const FIELD = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  sum: 148,
  type: 156,
  link: 157,
  magic: 257,
  prefix: 345,
}

/** A header with these bytes at these places, and a checksum that fits. */
export function header(fields: Record<number, string | Buffer>, sum?: string): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write('0000644\0', FIELD.mode)
  for (const at of [FIELD.uid, FIELD.gid]) block.write('0000000\0', at)
  for (const at of [FIELD.size, FIELD.mtime]) block.write('00000000000\0', at)
  block.write('0', FIELD.type)
  block.write('ustar\x0000', FIELD.magic)
  for (const [at, bytes] of Object.entries(fields)) Buffer.from(bytes as string, 'latin1').copy(block, Number(at))
  block.write('        ', FIELD.sum)
  const total = block.reduce((all, byte) => all + byte, 0)
  block.write(sum ?? `${total.toString(8).padStart(6, '0')}\0 `, FIELD.sum)
  return block
}

export const octal = (size: number) => `${size.toString(8).padStart(11, '0')}\0`

/** A header of its own kind with a body after it. */
export function member(fields: Record<number, string | Buffer>, body: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(body as string, 'latin1')
  const padding = Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)
  return Buffer.concat([header({ [FIELD.size]: octal(bytes.length), ...fields }), bytes, padding])
}

/** A PAX header with these records, which may be none. */
export const pax = (...records: string[]) => member({ [FIELD.name]: 'PaxHeader', [FIELD.type]: 'x' }, records.join(''))

/** `LENGTH KEY=VALUE\n`, its length counted. */
export function record(key: string, value: string): string {
  for (let length = key.length + value.length + 3; ; length++) {
    const text = `${length} ${key}=${value}\n`
    if (text.length === length) return text
  }
}

export const END = Buffer.alloc(2 * BLOCK)
export const tar = (...members: Buffer[]) => Buffer.concat([...members, END])
