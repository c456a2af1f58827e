// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Dockerfiles
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { testFolder, tree } from '../../transport/testImages.ts'
import { type BuildOptions, build } from './build.ts'
import { type BuildCase, writeContext } from './corpus/testCase.ts'

const folder = testFolder()
let next = 0
const freshStore = () => `${folder}/store-${next++}`

async function built(it: Pick<BuildCase, 'dockerfile' | 'files'>, options: BuildOptions = {}) {
  const context = writeContext(it)
  try {
    return await build(context.path, { store: freshStore(), ...options })
  } finally {
    context.remove()
  }
}

describe('what cannot be built', () => {
  const files = {
    f: 'f',
    d: { folder: true },
    out: { link: '/etc/passwd' },
    up: { link: '../../etc/passwd' },
    loop: { link: 'loop' },
  } as const

  it.each([
    [
      'FROMM scratch',
      'DOCKERFILE_INVALID',
      'Dockerfile:1:1: dockerfile parse error on line 1: unknown instruction: FROMM',
    ],
    ['FROM scratch\nCOPY nope /', 'COPY_FAILED', 'stat nope: file does not exist'],
    ['FROM scratch\nCOPY ../f /', 'COPY_FAILED', 'forbidden path outside the build context: ../f'],
    ['FROM scratch\nCOPY d/../../f /', 'COPY_FAILED', 'forbidden path outside'],
    ['FROM scratch\nCOPY out /', 'COPY_FAILED', 'stat out: file does not exist'],
    ['FROM scratch\nCOPY up /', 'COPY_FAILED', 'stat up: file does not exist'],
    ['FROM scratch\nCOPY loop /', 'ARGUMENT_INVALID', 'too many symlinks'],
    ['FROM scratch\nCOPY n* /', 'COPY_FAILED', 'no source files were specified'],
    ['FROM scratch\nCOPY f d /x', 'ARGUMENT_INVALID', 'must be a directory and end with a /'],
    ['FROM scratch\nCOPY f /x\nCOPY d /x', 'ARGUMENT_INVALID', 'cannot copy to non-directory: /x'],
    ['FROM scratch\nCOPY --chown=nobody f /', 'ARGUMENT_INVALID', "can't find uid for user nobody"],
    ['FROM scratch\nCOPY --chmod=u+x f /', 'ARGUMENT_INVALID', 'want an octal mode'],
    [
      'FROM scratch AS a\nCOPY --from=b / /\nFROM scratch AS b\nCOPY --from=a / /',
      'DOCKERFILE_INVALID',
      'circular dependency detected on stage: b',
    ],
    ['FROM scratch AS a\nCOPY --from=a / /', 'DOCKERFILE_INVALID', 'copies from itself'],
    ['FROM scratch\nCOPY --from=1 / /\nFROM scratch\nLABEL a=b', '', undefined],
    ['FROM scratch', 'ARGUMENT_INVALID', 'No image was generated'],
    ['FROM scratch\nCOPY --from=oci:/nope:x / /', 'LAYOUT_INVALID', 'not an OCI layout'],
    ['FROM oci:/nope:x', 'LAYOUT_INVALID', 'not an OCI layout'],
    ['FROM 127.0.0.1:1/nope:v0', 'REGISTRY_UNREACHABLE', 'FROM 127.0.0.1:1/nope:v0'],
    ['ARG N\nFROM $N', 'ARGUMENT_INVALID', 'base name ($N) should not be blank'],
    ['FROM scratch\nADD http://127.0.0.1:1/x /', 'COPY_FAILED', 'ADD failed: http://127.0.0.1:1/x: cannot be fetched'],
    ['FROM scratch\nADD https://github.com/a/b.git /', 'COPY_FAILED', 'git repositories are not supported'],
    ['FROM scratch\nEXPOSE 99999', 'ARGUMENT_INVALID', 'Invalid containerPort: 99999'],
    ['FROM scratch\nEXPOSE 80/icmp', 'ARGUMENT_INVALID', 'Invalid proto: icmp'],
    ['FROM scratch\nSTOPSIGNAL NOPE', 'ARGUMENT_INVALID', 'Invalid signal: NOPE'],
    ['FROM scratch\nENV A="${B:?must be set}"', 'ARGUMENT_INVALID', 'B: must be set'],
    ['FROM scratch\nENV A="', 'ARGUMENT_INVALID', 'matching double-quote'],
  ])('%j', async (dockerfile, code, message) => {
    const store = freshStore()
    const failure = built({ dockerfile, files }, { store, tags: ['never:v0'] })
    if (message === undefined) {
      // The stage is not needed, so nobody sees what is wrong with it.
      await failure
      return
    }
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
    if (existsSync(`${store}/index.json`)) expect(readFileSync(`${store}/index.json`, 'utf8')).not.toContain('never')
    expect(existsSync(store) ? tree(store).filter(path => path.includes('.ocilab.')) : []).toEqual([])
  })

  it.each([
    [{ target: 'nope' }, 'failed to reach build target nope in Dockerfile'],
    [{ file: '/nope/Dockerfile' }, 'lstat /nope/Dockerfile: no such file'],
    [{ tags: ['BAD'] }, 'BAD'],
  ])('%j', async (options, message) => {
    await expect(built({ dockerfile: 'FROM scratch\nLABEL a=b' }, options)).rejects.toThrow(message)
  })

  it('a context that is not there', async () => {
    await expect(build('/nope')).rejects.toThrow('unable to prepare context: path "/nope" not found')
  })

  it('an interrupted one, at once', async () => {
    const stop = new AbortController()
    stop.abort()
    await expect(built({ dockerfile: 'FROM scratch\nLABEL a=b' }, { signal: stop.signal })).rejects.toThrow('abort')
  })
})

it('follows no symlink out of the context on the way to a file', async () => {
  const context = writeContext({ dockerfile: 'FROM scratch\nCOPY way/passwd /', files: {} })
  symlinkSync('/etc', `${context.path}/way`)
  await expect(build(context.path, { store: freshStore() })).rejects.toMatchObject({ code: 'COPY_FAILED' })
  context.remove()
})

// docker: a stage is known only below its FROM, so before that the name is an image's.
it.each(['FROM named AS named\nLABEL b=2', 'FROM named\nLABEL b=2\nFROM scratch AS named'])(
  'takes the name of its own or a later stage for an image: %j',
  async dockerfile => {
    const store = freshStore()
    await built({ dockerfile: 'FROM scratch\nLABEL a=1' }, { store, tags: ['named'] })
    const { image } = await built({ dockerfile }, { store, target: '0' })
    expect(image.config.config?.Labels).toEqual({ a: '1', b: '2' })
  },
)
