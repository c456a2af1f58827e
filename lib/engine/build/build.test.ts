// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Dockerfiles
import { execFileSync } from 'node:child_process'
import { utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import type { LabEvent } from '../../events.ts'
import type { Layer } from '../../image/image.ts'
import { testFolder } from '../../transport/testImages.ts'
import { type BuildOptions, build } from './build.ts'
import { type BuildCase, type TestFile, writeContext } from './corpus/testCase.ts'

const folder = testFolder()
let next = 0
const freshStore = () => `${folder}/store-${next++}`

async function built(it: Pick<BuildCase, 'dockerfile' | 'files'>, options: BuildOptions = {}) {
  const context = writeContext(it)
  const lines: string[] = []
  const onEvent = (event: LabEvent) => {
    if (event.type === 'build') lines.push(event.line)
  }
  try {
    return { ...(await build(context.path, { store: freshStore(), ...options, onEvent })), lines }
  } finally {
    context.remove()
  }
}

/** As tar lists it. */
async function listing(layer: Layer): Promise<{ mode: string; name: string }[]> {
  const lines = execFileSync('tar', ['-tv'], { input: await collect(layer.uncompressed()), encoding: 'utf8' })
  return lines.split('\n').flatMap(line => {
    const [mode = '', , , , , name] = line.split(/ +/)
    return name === undefined ? [] : { mode, name }
  })
}

const shape = (lines: string[]) => lines.map(line => line.replace(/[0-9a-f]{12}$/, 'ID'))

describe('what is printed', () => {
  it('is what docker prints, first without and then with the cache', async () => {
    const it = {
      dockerfile: 'FROM scratch AS a\nCOPY f .\nFROM a\nENTRYPOINT ["java","-jar","app.jar"]',
      files: { f: 'f' },
    }
    const store = freshStore()
    const steps = ['Step 1/4 : FROM scratch AS a', ' ---> ', 'Step 2/4 : COPY f .', ' ---> ID']
    const more = ['Step 3/4 : FROM a', ' ---> ID', 'Step 4/4 : ENTRYPOINT ["java","-jar","app.jar"]', ' ---> ID']
    const end = ['Successfully built ID', 'Successfully tagged demo:v0']
    const first = await built(it, { store, tags: ['demo:v0'] })
    expect(shape(first.lines)).toEqual([...steps, ...more, ...end])
    const again = await built(it, { store, tags: ['demo:v0'] })
    expect(shape(again.lines)).toEqual([
      ...steps.toSpliced(3, 0, ' ---> Using cache'),
      ...more.toSpliced(3, 0, ' ---> Using cache'),
      ...end,
    ])
    expect(again.id).toBe(first.id)
    expect((await built(it, { store, noCache: true })).lines).not.toContain(' ---> Using cache')
  })

  it('tells of build arguments that nobody asked for', async () => {
    const { lines } = await built(
      { dockerfile: 'FROM scratch\nARG A\nLABEL a=$A' },
      { buildArgs: { A: '1', B: '2', HTTP_PROXY: 'x' } },
    )
    expect(lines).toContain('[Warning] One or more build-args [B] were not consumed')
  })

  it('comes in the order of the Dockerfile, though stages are built at once', async () => {
    const stages = Array.from(
      { length: 6 },
      (_, index) => `FROM scratch AS s${index}\nCOPY f${index} /\nLABEL n=${index}`,
    )
    const last = `FROM scratch\n${stages.map((_, index) => `COPY --from=s${index} / /`).join('\n')}`
    const files = Object.fromEntries(stages.map((_, index) => [`f${index}`, 'x'.repeat(10 ** (6 - index))]))
    const { lines } = await built({ dockerfile: [...stages, last].join('\n'), files })
    const numbers = lines.flatMap(line => /^Step (\d+)\/25/.exec(line)?.[1] ?? []).map(Number)
    expect(numbers).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
  })

  it('leaves out the stages that nothing needs', async () => {
    const { lines } = await built({ dockerfile: 'FROM scratch AS unused\nCOPY missing /\nFROM scratch\nLABEL a=b' })
    expect(lines[0]).toBe('Step 1/2 : FROM scratch')
  })
})

describe('the cache', () => {
  const it1 = { dockerfile: 'FROM scratch\nARG V=1\nCOPY f /\nLABEL v=$V', files: { f: 'f' } }
  const cached = (steps: readonly { cached: boolean }[]) => steps.map(step => step.cached)

  it.each([
    ['nothing', it1, {}, [true, true, true]],
    ['a file', { ...it1, files: { f: 'g' } }, {}, [true, false, false]],
    ['a mode', { ...it1, files: { f: { text: 'f', mode: 0o600 } } }, {}, [true, false, false]],
    ['a file that is not copied', { ...it1, files: { f: 'f', g: 'g' } }, {}, [true, true, true]],
    ['a build argument', it1, { buildArgs: { V: '2' } }, [true, true, false]],
    ['the first line', { ...it1, dockerfile: it1.dockerfile.replace('V=1', 'V=2') }, {}, [false, false, false]],
    ['SOURCE_DATE_EPOCH', it1, { sourceDateEpoch: 1 }, [false, false, false]],
  ] as const)('when %s changes', async (_what, changed, options, want) => {
    const store = freshStore()
    await built(it1, { store })
    expect(cached((await built(changed, { store, ...options })).steps)).toEqual(want)
  })

  it('does not mind a time, nor a layer that is gone', async () => {
    const store = freshStore()
    const context = writeContext(it1)
    const first = await build(context.path, { store })
    utimesSync(`${context.path}/f`, 1, 1)
    expect(cached((await build(context.path, { store })).steps)).toEqual([true, true, true])
    const { descriptor } = first.image.layers[0]!
    execFileSync('rm', [`${store}/blobs/sha256/${descriptor.digest.slice(7)}`])
    const again = await build(context.path, { store })
    expect(cached(again.steps)).toEqual([true, false, false])
    await collect(again.image.layers[0]!.uncompressed())
    context.remove()
  })

  it('tells why something was made anew', async () => {
    const store = freshStore()
    const context = writeContext({ dockerfile: 'FROM scratch\nCOPY d /\nLABEL a=b', files: { 'd/a': '1', 'd/b': '1' } })
    expect((await build(context.path, { store })).steps[0]!.why).toContain('for the first time')
    writeFileSync(`${context.path}/d/a`, '2')
    writeFileSync(`${context.path}/d/c`, '2')
    const { steps } = await build(context.path, { store })
    expect(steps.map(step => step.why)).toEqual([
      'made anew: d/a has changed, d/c is new',
      'made anew: it builds on COPY d /, which has changed',
    ])
    expect(steps[0]).toMatchObject({
      layer: { size: expect.any(Number) },
      history: expect.stringContaining('COPY dir:'),
    })
    expect(steps[1]!.layer).toBeUndefined()
    context.remove()
  })
})

describe('SOURCE_DATE_EPOCH', () => {
  it('gives the same image wherever and whenever it is built', async () => {
    const it = { dockerfile: 'FROM scratch\nWORKDIR /w\nCOPY . .\nCMD ["x"]', files: { f: 'f', 'd/g': 'g' } }
    const options = { sourceDateEpoch: 1_600_000_000, platform: { os: 'linux', architecture: 'amd64' } }
    const one = await built(it, options)
    const other = await built(it, options)
    expect(other.image.descriptor).toEqual(one.image.descriptor)
    expect(one.image.config.created).toBe('2020-09-13T12:26:40Z')
    expect(one.image.descriptor.digest).toMatchInlineSnapshot(
      `"sha256:4f77e99b4f749e1a36c23d464ef4e686269d47279054de08f2eb2bde279e5398"`,
    )
  })
})

describe('a Dockerfile of today', () => {
  it('takes files from heredocs, with --chmod, --link and --exclude', async () => {
    const dockerfile = `FROM scratch
ARG WHO=you
COPY --chmod=750 <<A <<'B' /x/
hello $WHO
A
hello $WHO
B
COPY --link --exclude=*.md d /y/`
    const { image } = await built({ dockerfile, files: { 'd/a.md': '', 'd/b': 'b' } })
    const [first, second] = await Promise.all(image.layers.map(layer => collect(layer.uncompressed())))
    const list = (tar: Uint8Array, ...flags: string[]) =>
      execFileSync('tar', [...flags], { input: tar, encoding: 'utf8' })
    expect(list(first!, '-xO')).toBe('hello you\nhello $WHO\n')
    expect(list(first!, '-tv')).toMatch(/-rwxr-x--- 0\/0\s+10 .* x\/A\n/)
    expect(list(second!, '-t')).toBe('y/\ny/b\n')
  })

  // docs.docker.com/reference/dockerfile, COPY --parents
  const parents: Readonly<Record<string, TestFile>> = {
    ...{ 'x/a.txt': '', 'y/a.txt': '', 'x/y/b.txt': '', 'x/y/c.md': '', 'x/l': { link: 'a.txt' } },
    ...{ 'x/d': { folder: true, mode: 0o700 }, ln: { link: 'x' }, '.dockerignore': 'Dockerfile\n.dockerignore' },
  }
  it.each([
    ['x/a.txt y/a.txt /p/', 'p/ p/x/ p/x/a.txt p/y/ p/y/a.txt'],
    ['./x/./y/*.txt /p', 'p/ p/y/ p/y/b.txt'],
    ['x/y /', 'x/ x/y/ x/y/b.txt x/y/c.md'],
    ['x/./y/ /', 'y/ y/b.txt y/c.md'],
    ['x/./ /p/', 'p/ p/a.txt p/d/ p/l p/y/ p/y/b.txt p/y/c.md'],
    ['**/*.txt /', 'x/ x/a.txt x/y/ x/y/b.txt y/ y/a.txt'],
    ['x/l /', 'x/ x/l'],
    ['x/d /p', 'p/ p/x/ p/x/d/'],
    ['--exclude=x/y x /', 'x/ x/a.txt x/d/ x/l'],
    ['ln/./a.txt /', 'a.txt'],
  ])('COPY --parents %s', async (words, want) => {
    const { image } = await built({ dockerfile: `FROM scratch\nCOPY --parents ${words}`, files: parents })
    const list = await listing(image.layers[0]!)
    expect(list.map(line => line.name).join(' ')).toBe(want)
    expect(list.find(({ name }) => name.endsWith('/d/'))?.mode ?? 'drwx------').toBe('drwx------')
  })
  it.each(['x/nope', 'ln/a.txt', '../x'])('COPY --parents %s: there is no such thing', async words => {
    const it = { dockerfile: `FROM scratch\nCOPY --parents ${words} /`, files: parents }
    await expect(built(it)).rejects.toMatchObject({ code: 'COPY_FAILED' })
  })
  it('COPY --parents --from', async () => {
    const dockerfile = 'FROM scratch AS a\nCOPY x /opt/x/\nFROM scratch\nCOPY --from=a --parents /opt/./x/*.txt /'
    const { image } = await built({ dockerfile, files: parents })
    expect((await listing(image.layers[0]!)).map(line => line.name)).toEqual(['x/', 'x/a.txt'])
  })

  it('has a .dockerignore of its own where there is one', async () => {
    const files = { a: '', b: '', '.dockerignore': 'a', 'Dockerfile.dockerignore': 'b\nDockerfile*\n.*' }
    const { image } = await built({ dockerfile: 'FROM scratch\nCOPY . /', files })
    expect(
      execFileSync('tar', ['-t'], { input: await collect(image.layers[0]!.uncompressed()), encoding: 'utf8' }),
    ).toBe('a\n')
  })

  it('knows the platform it is built for', async () => {
    const { image } = await built(
      { dockerfile: 'FROM --platform=$TARGETPLATFORM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH' },
      { platform: { os: 'linux', architecture: 'arm64' } },
    )
    expect([image.config.architecture, image.config.config?.Labels]).toEqual(['arm64', { arch: 'arm64' }])
  })
})
