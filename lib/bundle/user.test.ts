import { describe, expect, it } from 'vitest'
import { resolveUser } from './user.ts'

const accounts = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:Web:/home/web:/bin/sh\n',
  group: 'root:x:0:\nweb:x:1001:\nlogs:x:2000:web\ndocker:x:2001:root,web\n',
}

describe('User of an image config', () => {
  it.each([
    ['', { uid: 0, gid: 0 }],
    ['0', { uid: 0, gid: 0 }],
    ['1000', { uid: 1000, gid: 1001 }],
    ['4000', { uid: 4000, gid: 0 }],
    ['1000:5', { uid: 1000, gid: 5 }],
    ['web', { uid: 1000, gid: 1001, additionalGids: [2000, 2001] }],
    ['web:logs', { uid: 1000, gid: 2000 }],
    [':logs', { uid: 0, gid: 2000 }],
  ])('%j', (text, ids) => expect(resolveUser(text, accounts).ids).toEqual(ids))

  it.each(['nobody', 'web:nobody', '2147483648', '-1', '99999999999999999999'])('%j is refused', text =>
    expect(() => resolveUser(text, accounts)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' })),
  )

  it('takes the home of the user it found', () => expect(resolveUser('web', accounts).home).toBe('/home/web'))
})
