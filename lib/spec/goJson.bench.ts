import { it } from 'vitest'
import { goJson, parseJson, sortedMap } from './goJson.ts'

const HISTORY = 100

const config = {
  ...{
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], Labels: sortedMap({ b: '<&>', a: '\u2028' }) },
  },
  history: Array.from({ length: HISTORY }, (_, i) => ({ created_by: `RUN make ${i} && echo "done" > /dev/null` })),
}
const raw = Buffer.from(goJson(config))

it('a config of a hundred lines of history, as Go writes it', async ({ bench }) => {
  await bench('goJson', () => void goJson(config)).run()
  await bench('parseJson', () => void parseJson(raw, 'bench', 'CONFIG_INVALID')).run()
})
