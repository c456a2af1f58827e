import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../../engine/run/testHost.ts'
import { PROGRAM } from '../../../package.ts'
import { copy } from '../../../transport/copy.ts'
import { heldImage } from '../../../transport/held.ts'
import { parseTransport } from '../../../transport/parse.ts'
import { startRegistry } from '../../../transport/registry/server/server.ts'
import { demoImage } from '../../demo/demo.ts'
import { runTool } from '../../tool.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
let registry: Awaited<ReturnType<typeof startRegistry>>
let home: string
beforeAll(async () => {
  process.env.OCILAB_ID = `t${randomUUID().slice(0, 6)}`
  ;[course, registry] = await Promise.all([openTestLesson('90-capstone'), startRegistry()])
  home = mkdtempSync(join(tmpdir(), 'ocilab-capstone-'))
  const { image, name } = await demoImage('tiny')
  await copy(heldImage(image, name), parseTransport(`docker://${registry.host}/app:v0`), { insecure: true })
})
afterAll(async () => {
  await ocilab('rm', '--force', 'app', 'other', 'host')
  await ocilab('pod', 'rm', '--force', 'demo')
  await registry.close()
  await course.close()
  rmSync(home, { recursive: true, force: true })
})

const path = (name: string) => course.place().path(name)
const sh = (line: string) => runTool('sh', ['-ec', line], { cwd: course.place().folder })
const ocilab = (verb: string, ...args: string[]) => {
  const words = verb === 'pod' ? [verb, args.shift()!] : [verb]
  return runTool(process.execPath, [PROGRAM, ...words, '--id', course.place().labId, '--root', home, ...args])
}
/** As a learner does who asks the tool for the number. */
const remember = async (name: string) =>
  writeFileSync(path('app.pid'), String(JSON.parse(await ocilab('inspect', name))[0].State.Pid))
const fails = async (step: string, seen: string) => {
  const finding = await course.look(step)
  expect(finding).toMatchObject({ state: 'fail', seen: expect.stringContaining(seen) })
}
const passes = (step: string) =>
  eventually(async () => expect(await course.look(step)).toMatchObject({ state: 'pass' }))

describe('90.1', () => {
  it('fails without an image, on another one and on one with a changed byte; passes what skopeo copied', async () => {
    await fails('90.1', 'not an OCI layout')
    await sh('umoci init --layout image && umoci new --image image:v0')
    await fails('90.1', '[]')
    await sh('rm -rf image')
    await sh(`skopeo copy --quiet --src-tls-verify=false docker://${registry.host}/app:v0 oci:image:v0`)
    await passes('90.1')
    await sh(
      'big=$(ls -S image/blobs/sha256/* | head -1); printf x | dd of=$big bs=1 seek=1000 conv=notrunc status=none',
    )
    await fails('90.1', 'layer ')
  })
})

describe('90.2 and 90.3, by one command, by a pod and by runc', () => {
  it('fails without a number, on the host’s network, on a port that is not published; then passes', async () => {
    await fails('90.2', 'no app.pid')
    await fails('90.3', 'no app.pid')
    writeFileSync(path('app.pid'), '4194305')
    await fails('90.2', 'no such process')
    writeFileSync(path('app.pid'), String(process.pid))
    await fails('90.2', 'this machine’s network')
    await ocilab('run', '-d', '--name', 'host', '--network', 'host', 'tiny')
    await eventually(() => sh('curl -s 127.0.0.1:8000/hello'))
    await remember('host')
    await fails('90.2', 'this machine’s network')
    await fails('90.3', 'this machine’s network')
    await ocilab('rm', '--force', 'host')
    await ocilab('run', '-d', '--name', 'app', '--entrypoint', 'sleep', 'tiny', '1000')
    await remember('app')
    await fails('90.2', '')
    await ocilab('rm', '--force', 'app')
    await ocilab('run', '-d', '--name', 'app', 'tiny')
    await remember('app')
    await passes('90.2')
    await fails('90.3', '')
    await ocilab('rm', '--force', 'app')
    await ocilab('run', '-d', '--name', 'app', '-p', `${course.place().port(8000)}:8000`, 'tiny')
    await remember('app')
    await passes('90.2')
    await passes('90.3')
    await ocilab('rm', '--force', 'app')
  })

  it('passes with a pod', async () => {
    await ocilab('pod', 'create', '-p', `${course.place().port(8000)}:8000`, 'demo')
    await ocilab('run', '-d', '--pod', 'demo', '--name', 'other', 'tiny')
    await remember('other')
    await passes('90.2')
    await passes('90.3')
    await fails('90.5', '{"answered":false,"running":true,"port":"hello world"}')
    writeFileSync(path('answer'), 'hello world\n')
    await fails('90.5', '{"answered":true,"running":true')
    await ocilab('pod', 'rm', '--force', 'demo')
    await passes('90.5')
    rmSync(path('answer'))
    await fails('90.5', '{"answered":false,"running":false')
  })

  it('passes 90.2 with runc and a bundle by hand', async () => {
    const id = course.place().container
    await sh('mkdir bundle && cp -a slips bundle/rootfs && rm bundle/rootfs/config.json && runc spec --bundle bundle')
    await sh(`sed -i 's;"terminal": true;"terminal": false;; s;"sh";"sh","app.sh";' bundle/config.json`)
    await sh(`runc run -d --bundle bundle --pid-file app.pid ${id} > app.log 2>&1 < /dev/null`)
    try {
      await passes('90.2')
    } finally {
      await sh(`runc delete --force ${id}`)
    }
  })
})

describe('90.4', () => {
  it('fails as the article’s lines leave it, half moved, all moved, and with the name as it was; then passes', async () => {
    await fails('90.4', '"app":"?"')
    await sh('cd slips && mkdir rootfs && mv app.sh bin rootfs/')
    await fails('90.4', '"app":"rootfs"')
    await sh('cd slips && for it in *; do case $it in rootfs) ;; *) mv $it rootfs/ ;; esac; done')
    await fails('90.4', 'config.json')
    await sh('cd slips && mv rootfs/config.json .')
    const { netnsPath } = course.place().names
    await fails('90.4', `${netnsPath}r`)
    const text = readFileSync(path('slips/config.json'), 'utf8')
    writeFileSync(path('slips/config.json'), text.replace(`${netnsPath}r`, netnsPath.replace('/run/', '/var/run/')))
    await passes('90.4')
  })
})
