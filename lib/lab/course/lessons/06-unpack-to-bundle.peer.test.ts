import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copy } from '../../../transport/copy.ts'
import { heldImage } from '../../../transport/held.ts'
import { parseTransport } from '../../../transport/parse.ts'
import { demoImage } from '../../demo/demo.ts'
import { runTool } from '../../tool.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
beforeAll(async () => {
  course = await openTestLesson('06-unpack-to-bundle')
})
afterAll(() => course.close())

const path = (name: string) => course.place().path(name)
const sh = (line: string) => runTool('sh', ['-c', line], { cwd: course.place().folder })
const passing = { state: 'pass' }

describe('06.1', () => {
  it.each<[string, string, string]>([
    ['nothing', 'true', 'no such file'],
    ['the lower layer alone', 'mkdir merged && tar -C merged -xf lower.tar', 'v1'],
    ['the upper layer alone', 'mkdir merged && tar -C merged -xf upper.tar', '.wh.'],
    ['both, whiteouts as files', 'mkdir merged && for l in lower upper; do tar -C merged -xf $l.tar; done', 'old.conf'],
    [
      'the wrong order',
      'mkdir merged && for l in upper lower; do tar -C merged --exclude=.wh.* -xf $l.tar; done',
      'v1',
    ],
    [
      'the opaque folder forgotten',
      'mkdir merged && for l in lower upper; do tar -C merged --exclude=.wh.* -xf $l.tar; done; rm merged/etc/old.conf',
      'srv/a',
    ],
  ])('fails on %s', async (_, line, seen) => {
    await course.reset('06.1')
    await sh(line)
    expect(await course.look('06.1')).toMatchObject({ state: 'fail', seen: expect.stringContaining(seen) })
  })
  it('passes when umoci did it', async () => {
    await course.reset('06.1')
    await sh(
      'rm -rf two && umoci init --layout two && umoci new --image two:v && umoci raw add-layer --image two:v lower.tar',
    )
    await sh('umoci raw add-layer --image two:v upper.tar && umoci raw unpack --rootless --image two:v merged')
    expect(await course.look('06.1')).toMatchObject(passing)
  })
})

describe('06.2', () => {
  it.each([
    ['victim/outside/planted', 'without it'],
    ['/outside/planted', 'without it'],
    ['out/planted', 'anywhere below victim'],
  ])('points on from %s', async (answer, hint) => {
    await course.answer('06.2', answer)
    expect(await course.look('06.2')).toMatchObject({ state: 'fail', hint: expect.stringContaining(hint) })
  })
  it('is where umoci puts it, too', async () => {
    await sh('rm -rf victim && umoci raw unpack --rootless --image evil:v1 victim')
    await course.answer('06.2', (await sh('cd victim && find * -name planted')).trim())
    expect(await course.look('06.2')).toMatchObject(passing)
  })
})

describe('06.3 and 06.4', () => {
  const config = () => JSON.parse(readFileSync(path('bundle/config.json'), 'utf8'))
  it('fails without a bundle, without its files, and on files without a config', async () => {
    expect((await course.look('06.3')).state).toBe('fail')
    await sh('mkdir -p bundle/rootfs && cd bundle && runc spec --rootless')
    expect(await course.look('06.3')).toMatchObject({ state: 'fail', seen: expect.stringContaining('app.sh') })
    await sh(
      'rm bundle/config.json && mkdir bundle/rootfs/bin bundle/rootfs/etc bundle/rootfs/srv && touch bundle/rootfs/app.sh',
    )
    expect(await course.look('06.3')).toMatchObject({ state: 'fail', seen: expect.stringContaining('config.json') })
  })
  it('passes when umoci and runc made it, and not yet for what it runs', async () => {
    await course.reset('06.3')
    const { image } = await demoImage('tiny')
    await copy(heldImage(image, 'x'), parseTransport(`oci:${path('x')}:v0`))
    await sh(
      'mkdir bundle && umoci raw unpack --rootless --image x:v0 bundle/rootfs && cd bundle && runc spec --rootless',
    )
    expect(await course.look('06.3')).toMatchObject(passing)
    expect(await course.look('06.4')).toMatchObject({ state: 'fail', seen: expect.stringContaining('"sh"') })
  })
  it.each<[string, string]>([
    ['the terminal is still on', 's;"sh";"sh","app.sh";; s;"readonly": true;"readonly": false;'],
    ['the root is still read-only', 's;"sh";"sh","app.sh";; s;"terminal": true;"terminal": false;'],
    [
      'the program is one word',
      's;"sh";"sh app.sh";; s;"terminal": true;"terminal": false;; s;"readonly": true;"readonly": false;',
    ],
  ])('06.4 fails when %s', async (_, script) => {
    const before = JSON.stringify(config(), null, '\t')
    await sh(`sed -i '${script}' bundle/config.json`)
    expect((await course.look('06.4')).state).toBe('fail')
    writeFileSync(path('bundle/config.json'), before)
  })
  it('06.4 passes with the article’s own sed', async () => {
    await sh(
      `cd bundle && sed -i 's;"sh";"sh","app.sh";' config.json && sed -i 's;"terminal": true;"terminal": false;' config.json`,
    )
    await sh(`cd bundle && sed -i 's;"readonly": true;"readonly": false;' config.json`)
    expect(await course.look('06.4')).toMatchObject(passing)
  })
})
