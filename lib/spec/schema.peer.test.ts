import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { validate } from './schema.ts'

it('what runc spec writes is valid', () => {
  const written = execFileSync(
    'sh',
    ['-c', 'd=$(mktemp -d) && runc spec --bundle $d && cat $d/config.json; rm -r $d'],
    { encoding: 'utf8' },
  )
  expect(() => validate('runtime', JSON.parse(written), 'runc spec')).not.toThrow()
})
