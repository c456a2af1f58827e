import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROGRAM } from '../../package.ts'
import { type Execution, type KernelClient, startKernel } from '../jupyter/client.ts'
import { kernelSpec } from '../jupyter/kernelspec.ts'
import { lessons } from './lessons/all.ts'

// What learners do that the course's author did not think of, through the real kernel.
const home = fileURLToPath(new URL('../../..', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'ocilab-learner-'))
mkdirSync(join(root, 'notebooks/en'), { recursive: true })
mkdirSync(join(root, 'notebooks/zh'))
afterAll(() => rmSync(root, { recursive: true }))

const kernels: KernelClient[] = []
afterAll(async () => {
  for (const kernel of kernels) await kernel.shutdown()
})

async function open(language = 'en') {
  const env = { OCILAB_ID: 'learner', OCILAB_DIR: undefined }
  const kernel = await startKernel({ ...kernelSpec(home), cwd: join(root, 'notebooks', language), env })
  kernels.push(kernel)
  await kernel.execute("import { lab } from 'ocilab'")
  return (code: string) => kernel.execute(code)
}

let run: Awaited<ReturnType<typeof open>>
beforeAll(async () => {
  run = await open()
})

const seen = ({ outputs, error }: Execution) =>
  [
    ...outputs.map(output =>
      output.output_type === 'stream' ? output.text : 'data' in output ? String(output.data['text/plain']) : '',
    ),
    error ?? '',
  ].join('')

describe('a learner who', () => {
  it('runs cells before the first one gets a check that works, and a sentence for what cannot', async () => {
    expect(seen(await run("await lab.check('00.1')"))).toContain('✘ 00.1')
    for (const code of ['await lab.report()', 'await lab.registry()', 'lab.place.folder'])
      expect(seen(await run(code))).toContain('no lesson is open in this kernel (want the cell with lab.begin')
  })

  it('mistypes a name is told what there is', async () => {
    expect(seen(await run("await lab.begin('3')"))).toContain('lesson 3: there is none (want one of 00-start-here')
    for (const code of ['check', 'hint', 'reveal', 'reset', 'outcome'].map(
      verb => `await lab.${verb}('00.7' as any, 0 as any)`,
    ))
      expect(seen(await run(code))).toMatch(/check 00\.7: there is none \(want one of 00\.1, 00\.2\)|Expected 1 arg/)
  })

  it('restarts the kernel goes on where they were', async () => {
    await run("await lab.begin('00-start-here')")
    await run("await lab.answer('00.1', 64)")
    await kernels.pop()?.shutdown()
    const second = await open('zh')
    expect(seen(await second("await lab.check('00.1')"))).toContain('✔ 00.1 你知道 sha256 有多长：通过')
    expect(seen(await second("await lab.begin('00-start-here')\nprocess.cwd()"))).toContain('lab-work/00-start-here')
    run = await open()
  })

  it('runs everything again finds what was there, and may undo one step', async () => {
    for (let again = 0; again < 2; again++) {
      expect(seen(await run("await lab.begin('00-start-here')"))).toContain('✔')
      await run(
        "import { mkdirSync, writeFileSync } from 'node:fs'\nmkdirSync('blobs', { recursive: true })\nwriteFileSync('blobs/x', '')",
      )
      expect(seen(await run("await lab.check('00.2')"))).toContain('["x"]')
    }
    expect(seen(await run("await lab.reset('00.2')"))).toBe('00.2 is undone (removed: blobs)\n')
    expect(existsSync(join(root, 'lab-work/00-start-here/blobs'))).toBe(false)
  })

  it('predicts is told, without shame', async () => {
    expect(seen(await run("await lab.outcome('00.1', 5)"))).toBe('it is 5\n')
    expect(seen(await run("await lab.predict('00.1', 4)"))).toContain('you expect 4')
    expect(seen(await run("await lab.outcome('00.1', 5)"))).toContain('it is 5; you expected 4')
    expect(seen(await run("await lab.outcome('00.1', 4)"))).toContain('as you expected')
  })

  it('has what must fail not fail is told so; and another failure is not taken for it', async () => {
    const bad = "import { parseDigest } from 'ocilab'\n"
    expect(seen(await run(`${bad}await lab.expectError('DIGEST_INVALID', () => parseDigest('x'))`))).toContain(
      'refused',
    )
    expect(seen(await run(`${bad}await lab.expectError('IO', () => parseDigest('x'))`))).toContain(
      'DIGEST_INVALID: digest',
    )
    expect(seen(await run("await lab.expectError('IO', () => 1)"))).toContain('it did not fail (want IO)')
  })

  it('runs a line of shell sees what it says, and how it ended', async () => {
    expect(seen(await run("await lab.sh('echo out; echo err >&2')"))).toMatch(/out\nerr|err\nout/)
    expect(seen(await run("await lab.sh('exit 3')"))).toContain('COMMAND_FAILED: exit 3: exit 3')
    expect(seen(await run("await lab.sh('nonesuch-program')"))).toContain('exit 127')
  })

  it('has a file where the course keeps its own is told so', async () => {
    rmSync(join(root, 'lab-work'), { recursive: true, force: true })
    writeFileSync(join(root, 'lab-work'), '')
    expect(seen(await run("await lab.begin('00-start-here')"))).toMatch(/EEXIST|ENOTDIR/)
    rmSync(join(root, 'lab-work'))
  })

  const needy = lessons.find(({ needs }) => needs?.includes('root'))
  it.skipIf(!needy)('is not root has what needs it left out, with the reason, and no stack trace', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ocilab-not-root-'))
    chmodSync(folder, 0o777)
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, PROGRAM]
    const ocilab = async (...args: string[]) =>
      (await promisify(execFile)('setpriv', [...nobody, ...args], { env: { ...process.env, OCILAB_DIR: folder } }))
        .stdout
    expect(await ocilab('lesson', needy!.id)).toContain('✘  root  uid 65534 → run it with sudo')
    const [check] = needy!.checks
    const told = await ocilab('check', check!.id)
    expect(told).toMatch(/^· .*: left out$/m)
    expect(told).toContain('root: uid 65534 (run it with sudo)')
    rmSync(folder, { recursive: true })
  })
})
