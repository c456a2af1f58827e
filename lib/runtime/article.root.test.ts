import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { unpackBundle } from '../bundle/unpackBundle.ts'
import { demoImage } from '../lab/demo/demo.ts'
import { testProgram } from './testProgram.ts'

const program = await testProgram()
const { call } = program
const work = mkdtempSync(join(tmpdir(), 'ocilab-article-'))
// The packages of a Java machine are far more than a moment's download.
const images = ['tiny', ...(process.env.OCILAB_JAVA ? ['java'] : [])]

afterAll(() => {
  program.remove()
  rmSync(work, { recursive: true, force: true })
})

it.each(images)(
  'the article’s %s image runs detached, answers, is looked into, and hears of TERM',
  async name => {
    const id = `article-${name}-${process.pid}`
    const { image, expect: answer } = await demoImage(name)
    const bundle = await unpackBundle(image, join(work, name))
    await bundle.edit(config => {
      config.process!.terminal = false
    })
    try {
      expect(call('run', '--detach', '--bundle', bundle.path, id)).toMatchObject({ status: 0 })
      const ask = () => call('exec', id, 'sh', '-c', 'wget -qO- http://127.0.0.1:8000/hello').stdout
      await expect.poll(ask, { timeout: 60_000, interval: 500 }).toContain(answer)
      expect(call('exec', id, 'sh', '-c', 'exit 9').status).toBe(9)
      expect(call('kill', id)).toMatchObject({ status: 0 })
      await expect.poll(() => JSON.parse(call('state', id).stdout).status, { timeout: 30_000 }).toBe('stopped')
      expect(call('delete', id)).toMatchObject({ status: 0, stderr: '' })
      expect(call('list', '--quiet').stdout).toBe('')
    } finally {
      call('delete', '--force', id)
    }
  },
  180_000,
)
