import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { openBundle } from '../../../bundle/bundle.ts'
import { same } from '../../claim.ts'
import { answered } from '../answered.ts'
import { demoBundle } from '../bundle.ts'
import { deleteContainers } from '../containers.ts'
import type { Lesson } from '../lesson.ts'
import type { Place } from '../place.ts'

const RUNTIMES = ['runc', 'ocirun'] as const

/** What the program of the bundle tells of itself, a line each: nothing that depends on the hour or on a number. */
const QUESTIONS = [
  'echo "pid: $$"',
  'echo "hostname: $(hostname)"',
  'echo "folder: $(pwd)"',
  'echo "interfaces: $(cut -d: -f1 -s /proc/net/dev | tail -n 1 | tr -d " ")"',
  'echo "capabilities: $(grep CapEff /proc/self/status | cut -f2)"',
  'echo "no new privileges: $(grep NoNewPrivs /proc/self/status | cut -f2)"',
  'echo "open files: $(ulimit -n)"',
  'echo "devices: $(ls /dev | tr "\\n" " ")"',
  'echo "sysctls: $(touch /proc/sys/kernel/hostname 2>/dev/null && echo writable || echo read-only)"',
]

export const otherRuntimes: Lesson = {
  id: '11-other-runtimes',
  needs: ['linux', 'root', 'native/', 'runc'],

  async prepare(place, options) {
    await demoBundle(place, options)
    await (await openBundle(place.path('bundle'))).edit(config => {
      config.process!.args = ['sh', '-c', QUESTIONS.join('; ')]
    })
    await rm(place.path('spoiled'), { recursive: true, force: true })
    await cp(place.path('bundle/config.json'), place.path('spoiled/config.json'), { recursive: true })
    const config = JSON.parse(await readFile(place.path('spoiled/config.json'), 'utf8'))
    config.process.cwd = 'srv'
    config.root.path = place.path('bundle/rootfs')
    await writeFile(place.path('spoiled/config.json'), JSON.stringify(config, null, 2))
  },

  checks: [
    {
      id: '11.1',
      claim: { en: 'both have run the bundle', zh: '两种运行时都运行过这个 bundle' },
      makes: RUNTIMES.map(name => `${name}.txt`),
      async undo(place) {
        for (const name of RUNTIMES) await deleteContainers(`${place.container}-${name}`)
      },
      async look(place) {
        const counts = await Promise.all(RUNTIMES.map(async name => (await linesOf(place, name)).length))
        const hint = {
          en: 'which file is missing, or empty? Its runtime has said why',
          zh: '哪个文件没有，或是空的？那个运行时已经说了原因',
        }
        return same(
          counts,
          RUNTIMES.map(() => QUESTIONS.length),
          RUNTIMES.map(name => `${name}.txt`).join(' '),
          hint,
        )
      },
    },
    {
      id: '11.2',
      claim: { en: 'you know how many of their lines are the same', zh: '你知道有几行是相同的' },
      async look(place) {
        const [first = [], ...others] = await Promise.all(RUNTIMES.map(name => linesOf(place, name)))
        const equal = first.filter((line, i) => others.every(other => other[i] === line))
        return answered(place, '11.2', equal.length || undefined, {
          expected: { en: 'how many lines are equal in both files', zh: '两个文件里有几行相同' },
          hint: { en: 'have both run? Then compare them line by line', zh: '两个都运行过了吗？那就逐行对照' },
        })
      },
    },
    {
      id: '11.3',
      claim: { en: 'you have found the field that breaks the specification', zh: '你找到了违反规范的字段' },
      look: async place =>
        answered(place, '11.3', 'process.cwd', {
          expected: { en: 'the path of a field of config.json', zh: 'config.json 里一个字段的路径' },
          hint: answer =>
            answer === 'cwd'
              ? { en: 'with what it belongs to in front', zh: '前面要写上它属于谁' }
              : { en: 'what does ocilab validate name?', zh: 'ocilab validate 点了哪个字段的名？' },
        }),
    },
  ],
}

async function linesOf(place: Place, name: string): Promise<string[]> {
  const text = await readFile(place.path(`${name}.txt`), 'utf8').catch(() => '')
  return text.split('\n').filter(line => line !== '')
}
