import { mkdir, writeFile } from 'node:fs/promises'
import { findRecord, homeOf } from '../../../engine/run/store.ts'
import { setConfig } from '../../../image/build.ts'
import type { Image } from '../../../image/image.ts'
import { copy } from '../../../transport/copy.ts'
import { heldImage } from '../../../transport/held.ts'
import { openImageAt } from '../../../transport/openImageAt.ts'
import { parseTransport } from '../../../transport/parse.ts'
import { same } from '../../claim.ts'
import { demoImage } from '../../demo/demo.ts'
import { answered } from '../answered.ts'
import type { Lesson } from '../lesson.ts'
import type { Place } from '../place.ts'

const PROGRAM = `#!/bin/sh
# Serves what is in /srv/www; the answer is a file.
echo 'hello world' > /srv/www/hello
exec httpd -f -p 8000 -h /srv/www
`

export const dockerTaste: Lesson = {
  id: '01-docker-taste',
  needs: ['linux', 'root', 'native/'],

  /** A base image, a program, and a Dockerfile that lacks its last line. */
  async prepare(place, { signal }) {
    const { image } = await demoImage('tiny')
    const base = await setConfig(image, { Entrypoint: [] })
    await copy(heldImage(base, 'base'), parseTransport(`oci:${place.path('base')}:v0`), { signal })
    await mkdir(place.path('context'), { recursive: true })
    await writeFile(place.path('context/app.sh'), PROGRAM)
    const lines = [`FROM oci:${place.path('base')}:v0`, 'ENV PORT=8000', 'COPY app.sh /app.sh']
    await writeFile(place.path('Dockerfile.start'), lines.map(line => `${line}\n`).join(''))
  },

  checks: [
    {
      id: '01.1',
      claim: {
        en: 'the image app:v0 has the program, and runs sh app.sh',
        zh: '镜像 app:v0 里有这个程序，并会运行 sh app.sh',
      },
      makes: ['app', 'store', 'context/Dockerfile'],
      async look(place) {
        const { config } = await builtImage(place)
        const seen = { entrypoint: config.config?.Entrypoint, env: config.config?.Env?.includes('PORT=8000') }
        const hint = 'is it the exec form? A shell form begins with /bin/sh -c'
        return same(seen, { entrypoint: ['sh', 'app.sh'], env: true }, `${place.path('app')}: the config`, hint)
      },
    },
    {
      id: '01.2',
      claim: { en: 'you know how many layers it has', zh: '你知道它有几层' },
      look: async place =>
        answered(place, '01.2', (await builtImage(place)).layers.length, {
          expected: 'the number of layers, those of the base included',
          hint: 'an instruction that only writes into the config has none',
        }),
    },
    {
      id: '01.3',
      claim: { en: 'this machine answers hello world on port 8000', zh: '本机的 8000 端口回答 hello world' },
      async look(place) {
        const seen = await fetch('http://127.0.0.1:8000/hello', { signal: AbortSignal.timeout(3000) }).then(
          async answer => (await answer.text()).trim(),
          () => 'no answer',
        )
        return same(
          seen,
          'hello world',
          'curl 127.0.0.1:8000/hello',
          `is ${place.container} running, and what does ps say of its ports?`,
        )
      },
    },
    {
      id: '01.4',
      claim: { en: 'you know the container’s own address', zh: '你知道容器自己的地址' },
      async look(place) {
        const record = findRecord(homeOf(place.labId), place.container)
        const addresses = (record.wiring?.endpoints ?? []).map(({ address }) => address.split('/')[0]!)
        return answered(place, '01.4', addresses[0], {
          expected: 'an IPv4 address, without its prefix',
          hint: answer => (answer === '127.0.0.1' ? 'that is this machine' : 'it is not the bridge’s own'),
        })
      },
    },
  ],
}

function builtImage(place: Place): Promise<Image> {
  return openImageAt(`oci:${place.path('app')}:v0`, image => image)
}
