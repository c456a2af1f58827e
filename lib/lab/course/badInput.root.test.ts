import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { PACKAGE } from '../../package.ts'
import type { Language } from '../claim.ts'
import { reset } from '../journal.ts'
import { type Execution, type KernelClient, startKernel } from '../jupyter/client.ts'
import { kernelSpec } from '../jupyter/kernelspec.ts'
import { runTool } from '../tool.ts'

// What goes wrong on a learner's machine: each time a sentence says what to do, in the language of the notebook.
const folder = mkdtempSync(join(tmpdir(), 'ocilab-bad-input-'))
chmodSync(folder, 0o777)
afterAll(() => rmSync(folder, { recursive: true }))
const LAB = 'badinput'

const kernels: KernelClient[] = []
afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.shutdown()
  await reset(LAB)
})

async function open(language: Language, env: NodeJS.ProcessEnv = {}) {
  const cwd = join(folder, 'notebooks', language)
  mkdirSync(cwd, { recursive: true })
  const kernel = await startKernel({ ...kernelSpec(PACKAGE), cwd, env: { OCILAB_ID: LAB, OCILAB_DIR: folder, ...env } })
  kernels.push(kernel)
  await kernel.execute("import { lab } from 'ocilab'")
  return kernel
}

/** All that a learner sees of a cell, an error’s hint too. */
const seen = ({ outputs }: Execution) =>
  outputs
    .map(output => {
      if (output.output_type === 'stream') return output.text
      return output.output_type === 'error' ? output.traceback.join('\n') : output.data['text/plain']
    })
    .join('\n')

const lastLine = (it: Execution) => seen(it).trim().split('\n').at(-1)

const PLAN = "import { applyPlan, networkPlan } from 'ocilab'\nconst plan = networkPlan(lab.place.names)"
const BRIDGE = 'await applyPlan(plan.slice(0, 6), lab.options)'
const CLEAN = 'await lab.cleanup()\nawait lab.leaks()'

it.each([
  ['en', 'Interrupted: the cell was stopped', 'hint: run it again, or await lab.cleanup()', 'none'],
  ['zh', 'Interrupted: 这个单元格被停下了', '提示：可以再运行一次；await lab.cleanup()', '没有残留'],
] as const)('a cell that is stopped after half its work (%s)', async (language, what, advice, none) => {
  const kernel = await open(language)
  await kernel.execute("await lab.begin('08')")
  await kernel.execute(PLAN)
  const stopped = await kernel.execute(`${BRIDGE}\nconsole.log('waiting')\nawait new Promise(() => {})`, {
    onOutput: outputs => JSON.stringify(outputs).includes('waiting') && kernel.interrupt(),
  })
  expect(seen(stopped)).toContain(`${what}\n${advice}`)
  expect(seen(await kernel.execute('plan.length'))).toBe('14')
  expect(lastLine(await kernel.execute(CLEAN))).toBe(none)
})

it.each([
  ['en', 'Still there from before: link runc-', 'hint: it is there from an earlier try', 'none'],
  ['zh', '先前留下的还在：link runc-', '提示：它是先前留下的', '没有残留'],
] as const)('leftovers of a kernel that was killed (%s)', async (language, leftOver, advice, none) => {
  const first = await open(language)
  await first.execute("await lab.begin('08')")
  await first.execute(PLAN)
  expect(await first.execute(BRIDGE)).toMatchObject({ status: 'ok' })
  process.kill(first.pid, 'SIGKILL')

  const second = await open(language)
  expect(seen(await second.execute("await lab.begin('08')"))).toContain(leftOver)
  await second.execute(PLAN)
  expect(seen(await second.execute(BRIDGE))).toMatch(new RegExp(`^NETWORK_EXISTS: .*\n${advice}.*lab\\.cleanup\\(\\)`))
  expect(lastLine(await second.execute(CLEAN))).toBe(none)
  expect(await second.execute(BRIDGE)).toMatchObject({ status: 'ok' })
})

it.each([
  ['en', 'hint: does a cell further up make this name?', 'hint: run the first cell of the notebook'],
  ['zh', '提示：这个名字是上面某个单元格里定义的吗？', '提示：先运行笔记本的第一个单元格'],
] as const)('cells out of order (%s)', async (language, name, first) => {
  const kernel = await open(language)
  expect(seen(await kernel.execute(BRIDGE))).toContain(name)
  expect(seen(await kernel.execute('await lab.report()'))).toContain(first)
})

it.each([
  ['en', 'hint: another program has this port'],
  ['zh', '提示：这个端口被别的程序占用了'],
] as const)('a port that is taken (%s)', async (language, advice) => {
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number }
  const kernel = await open(language)
  const start = `import { startRegistry } from 'ocilab'\nawait startRegistry({ port: ${port} })`
  expect(seen(await kernel.execute(start))).toMatch(new RegExp(`^ADDRESS_IN_USE: .*${port}.*\n${advice}`))
  const run = await kernel.execute(`await lab.sh('ocilab run -d --name taken -p 127.0.0.1:${port}:8000 tiny')`)
  expect(seen(run)).toMatch(/\[ADDRESS_IN_USE\]/)
  await kernel.execute("await lab.sh('ocilab rm -f taken')")
  expect(seen(await kernel.execute("await lab.sh('ocilab leaks')"))).not.toContain('taken')
  other.close()
})

it.each([
  ['en', 'hint: is the program installed?'],
  ['zh', '提示：这个程序装了吗？'],
] as const)('a machine without docker (%s)', async (language, advice) => {
  const bin = mkdtempSync(join(folder, 'bin-'))
  for (const program of ['sh', 'tar', 'cat'])
    symlinkSync((await runTool('which', [program])).trim(), join(bin, program))
  const kernel = await open(language, { PATH: bin })
  expect(seen(await kernel.execute("await lab.begin('05')"))).not.toContain('✘')
  expect(seen(await kernel.execute("await lab.sh('docker save x')"))).toContain(advice)
  expect(seen(await kernel.execute("await lab.check('05.1')"))).toContain('✘ 05.1')
})

it.each([
  ['en', '✘  root  uid 65534 → run it with sudo', 'hint: this needs root', 'left out', 'none'],
  ['zh', '✘  root  uid 65534 → 用 sudo 运行', '提示：这一步需要 root', '跳过', '没有残留'],
] as const)('a learner who is not root (%s)', async (language, table, advice, leftOut, none) => {
  const own = mkdtempSync(join(folder, 'nobody-'))
  chmodSync(own, 0o777)
  const kernel = await open(language, { OCILAB_DIR: own, XDG_RUNTIME_DIR: join(own, 'run') })
  await kernel.execute('process.setgroups!([]); process.setgid!(65534); process.setuid!(65534)')
  expect(seen(await kernel.execute("await lab.begin('08')"))).toContain(table)
  await kernel.execute(PLAN)
  expect(seen(await kernel.execute(BRIDGE))).toContain(advice)
  expect(seen(await kernel.execute("await lab.check('08.1')"))).toContain(leftOut)
  expect(lastLine(await kernel.execute(CLEAN))).toBe(none)
})
