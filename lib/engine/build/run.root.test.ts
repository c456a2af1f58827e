import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../bytes/collect.ts'
import type { LabEvent } from '../../events.ts'
import { idsBeginning } from '../../runtime/runOnce.ts'
import { digestOf, hexOf } from '../../spec/digest.ts'
import { ownMark } from '../../transport/owner.ts'
import { testFolder } from '../../transport/testImages.ts'
import { type BuildOptions, build } from './build.ts'
import { type TestFile, writeContext } from './corpus/testCase.ts'
import { storeWithBase } from './corpus/testCorpus.ts'

const folder = testFolder()
const store = `${folder}/store`
beforeAll(() => storeWithBase(store))

type TestOptions = BuildOptions & { files?: Record<string, TestFile>; onLine?(line: string): unknown }

async function built(dockerfile: string, { onLine, ...options }: TestOptions = {}) {
  const context = writeContext({ dockerfile, files: options.files })
  const lines: string[] = []
  const onEvent = (event: LabEvent) => {
    if (event.type !== 'build') return
    lines.push(event.line)
    onLine?.(event.line)
  }
  try {
    return { ...(await build(context.path, { store, ...options, onEvent })), lines }
  } finally {
    context.remove()
  }
}

const mounts = () =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(line => line.includes(folder))
const runs = () => (existsSync(`${store}/run`) ? readdirSync(`${store}/run`) : [])
/** Containers of other tests may be running beside these. */
const containers = (...owners: string[]) =>
  idsBeginning('build-').filter(id => owners.some(owner => id.includes(owner)))
const left = () => [...mounts(), ...containers(ownMark()), ...runs()]
const names = async (tar: AsyncIterable<Uint8Array>) =>
  execFileSync('tar', ['-t'], { input: await collect(tar), encoding: 'utf8' })
    .trim()
    .split('\n')

describe('RUN', () => {
  it.each([
    ['RUN echo one; echo two >&2', ['one', 'two']],
    ['RUN <<EOF\necho a\necho b\nEOF', ['a', 'b']],
    ['RUN <<EOF\n#!/bin/busybox cat\nmyself\nEOF', ['#!/bin/busybox cat', 'myself']],
    ["RUN cat <<A - <<'B'\nfirst $BASE\nA\nsecond $BASE\nB", ['second $BASE']],
    ['RUN cat <<-A\n\t\tno tabs, $BASE\n\tA', ['no tabs, yes']],
    ['RUN --network=none ls /sys/class/net', ['lo']],
    ['RUN --mount=type=tmpfs,target=/t,size=4m df -m /t | tail -1 | cut -c1-5', ['tmpfs']],
    ['RUN --mount=target=/ctx cat /ctx/f; touch /ctx/f 2>/dev/null || echo read-only', ['context', 'read-only']],
    ['RUN --mount=source=f,target=/some/f,rw cat /some/f && echo x > /some/f', ['context']],
    ['RUN --mount=from=base:v1,source=/data,target=/d cat /d/file', ['data']],
    ['RUN id', ['uid=0(root) gid=0(root)']],
    ['USER ann\nRUN id -un; echo $HOME', ['ann', '/home/ann']],
    ['RUN printf "no end"', ['no end']],
  ])('%s', async (dockerfile, want) => {
    const { lines } = await built(`FROM base:v1\n${dockerfile}`, { files: { f: 'context\n' }, noCache: true })
    const begin = lines.findIndex(line => line.startsWith(' ---> Running in'))
    const end = lines.findIndex(line => line.startsWith('Removing intermediate container'))
    expect(lines.slice(begin + 1, end)).toEqual(want)
    expect(left()).toEqual([])
  })

  it.each([
    ['', undefined, true],
    ['--network=default', undefined, true],
    ['--network=host', 'host', true],
    ['--network=none', 'host', false],
    ['', 'none', false],
    ['--network=default', 'none', false],
  ] as const)('RUN %s, where a build may reach %s', async (flag, network, isOurs) => {
    const { lines } = await built(`FROM base:v1\nRUN ${flag} readlink /proc/self/ns/net`, { network, noCache: true })
    expect(lines.includes(readlinkSync('/proc/self/ns/net'))).toBe(isOurs)
  })
  it('RUN --network=host, where a build may reach none', async () => {
    const failure = built('FROM base:v1\nUSER 0\n  RUN --network=host true', { network: 'none' })
    await expect(failure).rejects.toThrow(
      'Dockerfile:3:3: dockerfile parse error on line 3: RUN --network=host: this build may not reach a network',
    )
  })

  it('leaves nothing of its mounts in the layer', async () => {
    const { image } = await built(
      'FROM base:v1\nRUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/deep/t --mount=target=/ctx touch /c/x /deep/t/y /made',
    )
    expect(await names(image.layers[1]!.uncompressed())).toEqual(['made'])
  })

  it.each(['overlay', 'copy'] as const)('mounts behind symlinks without touching them (%s)', async snapshots => {
    const { image, lines } = await built(
      'FROM base:v1\nRUN rmdir /srv && mkdir /conf && ln -s /conf /srv && ln -s ../real /data/l\n' +
        'RUN --mount=type=tmpfs,target=/alias/deep --mount=type=tmpfs,target=/data/l/t --mount=type=tmpfs,target=/srv/a ls -d /real/deep /real/t /conf/a; readlink /srv; touch /made',
      { snapshots, noCache: true },
    )
    expect(lines).toEqual(expect.arrayContaining(['/real/deep', '/real/t', '/conf/a', '/conf']))
    expect(await names(image.layers[2]!.uncompressed())).toEqual(['made'])
  })

  describe('a locked cache', () => {
    const held = `${store}/mounts/${hexOf(digestOf('held')).slice(0, 16)}.lock`
    const run =
      'RUN --mount=type=cache,id=held,target=/h,sharing=locked --mount=type=cache,id=held,target=/again,sharing=locked'

    it('of another build is waited for, and it is said', async () => {
      mkdirSync(dirname(held), { recursive: true })
      writeFileSync(held, `${ownMark()}.other`)
      const lines: string[] = []
      const onLine = (line: string) => {
        lines.push(line)
        if (line.includes('Waiting')) rmSync(held)
      }
      await built(`FROM base:v1\n${run} touch /h/x && ls /again`, { onLine })
      expect(lines).toEqual(expect.arrayContaining([' ---> Waiting for cache held: another build has locked it', 'x']))
    })

    it('can be given up', async () => {
      writeFileSync(held, `${ownMark()}.other`)
      const stop = new AbortController()
      const onLine = (line: string) => line.includes('Waiting') && stop.abort()
      const failure = built(`FROM base:v1\n${run} echo never`, { onLine, signal: stop.signal })
      await expect(failure).rejects.toThrow('abort')
      expect([left(), existsSync(held)]).toEqual([[], true])
      rmSync(held)
    })
  })

  it('finds a cache again, and what it holds is no part of the key', async () => {
    const count = 'RUN --mount=type=cache,id=numbers,target=/c echo x >> /c/n && wc -l < /c/n'
    const said = async (more: string) => (await built(`FROM base:v1\n${count}${more}`)).lines
    expect(await said('')).toContain('1')
    expect(await said(' && true')).toContain('2')
    expect(await said(' && true')).toContain(' ---> Using cache')
  })

  it('is done again when what it binds has changed', async () => {
    const dockerfile = 'FROM base:v1\nRUN --mount=target=/ctx cp /ctx/f /f'
    const cached = async (text: string) => (await built(dockerfile, { files: { f: text } })).steps[0]!.cached
    expect([await cached('1'), await cached('1'), await cached('2')]).toEqual([false, true, false])
  })

  it('runs stages at once', async () => {
    const stages = [1, 2].map(
      n =>
        `FROM base:v1 AS s${n}\nRUN --mount=type=cache,id=meet,target=/m touch /m/${n}; for i in $(seq 300); do [ -e /m/${3 - n} ] && exit 0; sleep 0.1; done; exit 1`,
    )
    await built(`${stages.join('\n')}\nFROM base:v1\nCOPY --from=s1 /data /1\nCOPY --from=s2 /data /2`)
  })
})

describe('a RUN that fails', () => {
  it.each([
    [
      'RUN echo before; exit 7',
      "The command '/bin/sh -c echo before; exit 7' returned a non-zero code: 7; it said: before",
      { got: 7 },
    ],
    ['RUN ["/bin/false"]', "The command '/bin/false' returned a non-zero code: 1", { got: 1 }],
    ['RUN ["/nope"]', 'exec: "/nope": stat /nope: no such file or directory', {}],
    ['SHELL ["/bin/bash", "-c"]\nRUN true', 'no such file or directory', {}],
    ['USER nobody-knows\nRUN true', 'want a user of the image', {}],
    ['RUN --mount=source=nope,target=/x true', 'stat nope: file does not exist', {}],
  ])('%s', async (dockerfile, message, data) => {
    const failure = built(`FROM base:v1\n${dockerfile}`, { tags: ['failed:v0'] })
    await expect(failure).rejects.toMatchObject({
      message: expect.stringContaining(message),
      data: expect.objectContaining(data),
    })
    expect(readFileSync(`${store}/index.json`, 'utf8')).not.toContain('failed:v0')
    expect(left()).toEqual([])
  })
})

describe('a build that is interrupted while it runs a command', () => {
  it('takes everything back when it is asked to stop', async () => {
    const stop = new AbortController()
    const context = writeContext({ dockerfile: 'FROM base:v1\nRUN echo ready; sleep 1000' })
    const onEvent = (event: LabEvent) => {
      if (event.type === 'build' && event.line === 'ready') stop.abort()
    }
    await expect(build(context.path, { store, tags: ['stopped:v0'], onEvent, signal: stop.signal })).rejects.toThrow(
      'abort',
    )
    expect(readFileSync(`${store}/index.json`, 'utf8')).not.toContain('stopped:v0')
    expect(left()).toEqual([])
    context.remove()
  })

  it('is cleared up after by the next one when it was killed', async () => {
    const context = writeContext({ dockerfile: 'FROM base:v1\nRUN echo rea""dy; sleep 1000' })
    const program = `import { build } from ${JSON.stringify(`${import.meta.dirname}/build.ts`)}
await build(${JSON.stringify(context.path)}, { store: ${JSON.stringify(store)}, onEvent: it => it.type === 'build' && console.log(it.line) })`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    for await (const chunk of child.stdout) if (String(chunk).includes('ready')) break
    child.kill('SIGKILL')
    await exited
    const killed = runs()
    expect([killed.length, containers(...killed).length, mounts().length]).toEqual([1, 1, 1])
    await built('FROM base:v1\nRUN echo next')
    expect([...left(), ...containers(...killed)]).toEqual([])
    context.remove()
  })

  it.each([
    ['before its layer is written', "it.type === 'build' && it.line.startsWith('Removing')"],
    ['when the layer is written, and its folder not yet kept', "it.type === 'undone' && it.undo.kind === 'mount'"],
  ])('is cleared up after when it was killed in the commit of its RUN: %s', async (_when, moment) => {
    const context = writeContext({ dockerfile: `FROM base:v1\nRUN touch /committed # ${moment.length}` })
    const program = `import { build } from ${JSON.stringify(`${import.meta.dirname}/build.ts`)}
const onEvent = it => ${moment} && process.kill(process.pid, 'SIGKILL')
await build(${JSON.stringify(context.path)}, { store: ${JSON.stringify(store)}, tags: ['killed:v0'], onEvent })`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'inherit' })
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    expect(runs().length).toBe(1)
    expect(readFileSync(`${store}/index.json`, 'utf8')).not.toContain('killed:v0')
    const { image } = await build(context.path, { store })
    expect(await names(image.layers.at(-1)!.uncompressed())).toEqual(['committed'])
    expect([left(), readdirSync(store).filter(name => name.startsWith('.ocilab.'))]).toEqual([[], []])
    context.remove()
  })
})
