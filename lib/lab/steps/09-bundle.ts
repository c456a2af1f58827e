import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBundle } from '../../bundle/bundle.ts'
import { writeSpec } from '../../bundle/defaultSpec.ts'
import { say } from '../../events.ts'
import type { RuntimeConfig } from '../../spec/runtimeConfig.ts'
import { same } from '../claim.ts'
import type { Lab } from '../lab.ts'
import type { Step } from '../step.ts'

/** Writes the runtime configuration and makes the article's changes to it: the program, no terminal, writable. */
export const bundle: Step = {
  id: '09',
  section: '简单 runC 容器',
  title: { en: 'A bundle: rootfs and config.json', zh: 'bundle：rootfs 加 config.json' },
  why: {
    en: 'A runtime knows nothing of images. It wants a folder with files and a config.json that says what to run in it and how apart it shall be.',
    zh: '运行时并不认识镜像。它只要一个放着文件的目录，和一份 config.json：跑什么程序、隔离到什么程度。',
  },
  root: false,
  async run(lab, options) {
    await writeSpec(lab.path.bundle, options)
    const args = lab.args
    say(options, `sed -i 's;"sh";${args.map(word => JSON.stringify(word)).join(',')};' config.json`)
    say(options, `sed -i 's;"terminal": true;"terminal": false;' config.json`)
    say(options, `sed -i 's;"readonly": true;"readonly": false;' config.json`)
    const { config } = await (await openBundle(lab.path.bundle)).edit(config => {
      config.process!.args = args
      config.process!.env = lab.demo.image.config.config?.Env ?? config.process!.env
      config.process!.terminal = false
      config.root!.readonly = false
    })
    return JSON.stringify(
      { process: { terminal: config.process?.terminal, args: config.process?.args }, root: config.root },
      null,
      2,
    ).split('\n')
  },
  checks: [
    {
      id: '09.1',
      claim: { en: 'it runs the image’s own program', zh: '要运行的正是镜像里的程序' },
      look: async lab => same((await configOf(lab)).process?.args, lab.args, 'config.json: process.args'),
    },
    {
      id: '09.2',
      claim: { en: 'no terminal, and the root can be written to', zh: '不要终端，根目录可写' },
      async look(lab) {
        const config = await configOf(lab)
        return same(
          [config.process?.terminal, config.root?.readonly ?? false],
          [false, false],
          'config.json: terminal, readonly',
        )
      },
    },
  ],
}

async function configOf(lab: Lab): Promise<RuntimeConfig> {
  return JSON.parse(await readFile(join(lab.path.bundle, 'config.json'), 'utf8'))
}
