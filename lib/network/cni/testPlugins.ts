import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One call that a plugin of {@link testPlugins} got. */
export interface Call {
  plugin: string
  command: string
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks into is any configuration
  config: any
  env: Record<string, string>
}

/** Plugins that write down how they were called, and do what a test tells them to. */
export function testPlugins() {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-cni-'))
  const log = join(folder, 'calls')
  return {
    folder,
    path: [folder],
    cacheFolder: join(folder, 'cache'),
    /** `body` is shell; $CNI_COMMAND says for what. Without one it answers each ADD with its name as a link. */
    make(name: string, body = `[ $CNI_COMMAND != ADD ] || echo '{"interfaces":[{"name":"${name}"}]}'`) {
      const env = ['COMMAND', 'CONTAINERID', 'NETNS', 'IFNAME', 'ARGS', 'PATH'].map(key => `"${key}":"'"$CNI_${key}"'"`)
      const line = `'{"plugin":"${name}","env":{${env.join()}},"config":'"$(cat)"'}'`
      writeFileSync(join(folder, name), `#!/bin/sh\nprintf '%s\\n' ${line} >> '${log}'\n${body}\n`)
      chmodSync(join(folder, name), 0o755)
    },
    /** What was called since it was last asked. */
    calls(): Call[] {
      if (!existsSync(log)) return []
      const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
      rmSync(log)
      return lines.map(line => JSON.parse(line)).map(call => ({ ...call, command: call.env.COMMAND }))
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
