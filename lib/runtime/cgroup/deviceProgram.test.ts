import { describe, expect, it } from 'vitest'
import { deviceProgram } from './deviceProgram.ts'
import { deviceRules } from './devices.ts'
import { testRule } from './testRule.ts'

/** What the kernel would answer: runs the bytes. `asked` is as `c 1:3 rw`. */
function run(program: Uint8Array, asked: string): number {
  const [, type, major, minor, access] = /^([bc]) (\d+):(\d+) (\w+)$/.exec(asked)!
  const bits = [...access!].reduce((all, letter) => all | { m: 1, r: 2, w: 4 }[letter as 'm'], 0)
  const context = [(bits << 16) | (type === 'b' ? 1 : 2), Number(major), Number(minor)]
  const view = new DataView(program.buffer)
  const registers: (number | undefined)[] = []
  for (let at = 0; ; at++) {
    if (at * 8 >= program.length) throw new Error('ran off the end')
    const [code, both] = [view.getUint8(at * 8), view.getUint8(at * 8 + 1)]
    const [dst, src] = [both & 15, both >> 4]
    const [off, imm] = [view.getInt16(at * 8 + 2, true), view.getInt32(at * 8 + 4, true)]
    const value = (register: number) => {
      const held = registers[register]
      if (held === undefined) throw new Error(`r${register} is not set`)
      return held
    }
    if (code === 0x61) registers[dst] = context[off / 4]
    else if (code === 0xb4) registers[dst] = imm
    else if (code === 0xbc) registers[dst] = value(src)
    else if (code === 0x54) registers[dst] = value(dst) & imm
    else if (code === 0x74) registers[dst] = value(dst) >>> imm
    else if (code === 0x15) at += value(dst) === imm ? off : 0
    else if (code === 0x55) at += value(dst) !== imm ? off : 0
    else if (code === 0x95) return value(0)
    else throw new Error(`unknown instruction ${code.toString(16)}`)
  }
}

/** The kernel refuses a program with an instruction that nothing leads to, or a jump out of it. */
function unreachable(program: Uint8Array): number[] {
  const view = new DataView(program.buffer)
  const seen = new Set<number>()
  const visit = (at: number): void => {
    if (seen.has(at)) return
    if (at * 8 >= program.length) throw new Error('a way out of the program')
    seen.add(at)
    const code = view.getUint8(at * 8)
    if (code === 0x95) return
    if (code === 0x15 || code === 0x55) visit(at + 1 + view.getInt16(at * 8 + 2, true))
    visit(at + 1)
  }
  visit(0)
  return [...Array(program.length / 8).keys()].filter(at => !seen.has(at))
}

const PROGRAMS: [rules: string[], allowed: string[], denied: string[]][] = [
  [[], [], ['c 1:3 r', 'b 8:0 m']],
  [['-a *:* rwm'], [], ['c 1:3 r', 'b 8:0 m']],
  [['+a *:* rwm'], ['c 1:3 rwm', 'b 8:0 m'], []],
  [
    ['-a *:* rwm', '+c 1:3 rw'],
    ['c 1:3 r', 'c 1:3 w', 'c 1:3 rw'],
    ['c 1:3 m', 'c 1:3 rm', 'c 1:5 r', 'b 1:3 r', 'c 3:1 r'],
  ],
  [['+c 1:* r'], ['c 1:3 r', 'c 1:0 r'], ['c 2:3 r', 'c 1:3 w']],
  [['+b *:7 w'], ['b 9:7 w'], ['b 9:8 w', 'c 9:7 w']],
  [['+c *:* rwm'], ['c 9:7 rwm'], ['b 9:7 r']],
  // The last rule that names the device decides, each of r, w, m for itself.
  [
    ['+c 1:* rwm', '-c 1:3 w'],
    ['c 1:3 r', 'c 1:3 rm', 'c 1:5 rwm'],
    ['c 1:3 w', 'c 1:3 rw'],
  ],
  [['-c 1:3 w', '+c 1:* rwm'], ['c 1:3 rwm'], []],
  [['+c 1:3 r', '+c 1:3 w'], ['c 1:3 rw'], ['c 1:3 m']],
  [['+c 1:3 r', '+c *:3 w', '+c 1:* m'], ['c 1:3 rwm'], ['c 2:3 wr', 'c 1:4 mr']],
  [['+c 1:3 rwm', '-a *:* rwm', '+c 1:5 r'], ['c 1:5 r'], ['c 1:3 r']],
  [
    ['-a *:* rwm', '+a *:* rwm', '-b 8:0 w'],
    ['b 8:0 r', 'b 8:0 rm', 'b 8:1 rwm', 'c 8:0 w'],
    ['b 8:0 w', 'b 8:0 rw'],
  ],
  [['+a *:* r'], ['c 1:3 r', 'b 1:3 r'], ['c 1:3 w', 'b 1:3 rw']],
  [['+a 10:200 rwm'], ['c 10:200 rwm', 'b 10:200 r'], ['c 10:201 r']],
  [['+a *:* rwm', '-c *:* rwm', '-b *:* rwm'], [], ['c 1:3 r', 'b 1:3 m']],
]

describe('deviceProgram', () => {
  it.each(PROGRAMS)('%j', (rules, allowed, denied) => {
    const program = deviceProgram(rules.map(testRule))
    expect(allowed.filter(asked => run(program, asked) !== 1)).toEqual([])
    expect(denied.filter(asked => run(program, asked) !== 0)).toEqual([])
    expect(unreachable(program)).toEqual([])
  })

  it('allows what every container may use', () => {
    const program = deviceProgram(deviceRules([testRule('-a *:* rwm')]))
    const allowed = [
      'c 1:3 rwm',
      'c 1:9 rw',
      'c 5:0 rw',
      'c 5:2 r',
      'c 136:12 rw',
      'c 10:200 rw',
      'b 8:0 m',
      'c 4:64 m',
    ]
    const denied = ['b 8:0 r', 'c 1:1 r', 'c 1:2 w', 'c 1:4 r', 'c 5:1 r', 'c 10:201 r', 'c 4:64 mr']
    expect(allowed.filter(asked => run(program, asked) !== 1)).toEqual([])
    expect(denied.filter(asked => run(program, asked) !== 0)).toEqual([])
    expect(unreachable(program)).toEqual([])
  })

  // Every rule of a few against every request of a few: the plain meaning, said without a program.
  it('agrees with its meaning', () => {
    const all = ['-a *:* rwm', '+c *:* m', '-c 1:* w', '+c 1:3 rw', '-c 1:3 r', '+b *:* r', '+a *:* rwm']
    const requests = ['c', 'b'].flatMap(t =>
      ['1:3', '1:4', '2:3'].flatMap(d => ['r', 'w', 'm', 'rw'].map(a => `${t} ${d} ${a}`)),
    )
    const decide = (rules: string[], asked: string) => {
      const [type, device, access] = asked.split(' ') as [string, string, string]
      const matches = (text: string, letter: string) => {
        const [kind, numbers, letters] = text.slice(1).split(' ') as [string, string, string]
        const fits = numbers.split(':').every((n, i) => n === '*' || n === device.split(':')[i])
        return (kind === 'a' || kind === type) && fits && letters.includes(letter)
      }
      return [...access].every(letter => rules.findLast(text => matches(text, letter))?.startsWith('+')) ? 1 : 0
    }
    for (const a of all)
      for (const b of all)
        for (const c of all) {
          const program = deviceProgram([a, b, c].map(testRule))
          const wrong = requests.filter(asked => run(program, asked) !== decide([a, b, c], asked))
          expect(wrong, `${a}, ${b}, ${c}`).toEqual([])
        }
  })

  it('has the bytes the kernel takes', () => {
    expect(Buffer.from(deviceProgram([])).toString('hex').match(/.{16}/g)).toEqual([
      '6112000000000000', // r2 = *(u32 *)(r1 + 0)
      'bc23000000000000', // r3 = r2
      '54020000ffff0000', // r2 &= 0xffff
      '7403000010000000', // r3 >>= 16
      '6114040000000000', // r4 = *(u32 *)(r1 + 4)
      '6115080000000000', // r5 = *(u32 *)(r1 + 8)
      'b400000000000000', // r0 = 0
      '9500000000000000', // exit
    ])
  })

  it('refuses a rule that says nothing', () => {
    expect(() => deviceProgram([{ allow: true }])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})
