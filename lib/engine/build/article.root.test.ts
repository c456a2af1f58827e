import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { unpackBundle } from '../../bundle/unpackBundle.ts'
import { memoryBlobs } from '../../image/memory.ts'
import { appJar } from '../../lab/demo/appJar.ts'
import { demoImage } from '../../lab/demo/demo.ts'
import { ocirun } from '../../runtime/ocirun.ts'
import { copy } from '../../transport/copy.ts'
import { heldImage } from '../../transport/held.ts'
import { testFolder } from '../../transport/testImages.ts'
import { editImage } from '../edit/edit.ts'
import { build } from './build.ts'

const folder = testFolder()

// The article's Dockerfile, line by line, on the three layers below its app.jar: a JRE of Debian's packages.
it('the article’s Dockerfile builds, and its container answers', { timeout: 120_000 }, async () => {
  const { image, expect: answer } = await demoImage('java')
  const below = { layers: image.layers.slice(0, -1), history: image.config.history!.slice(0, 3) }
  const base = await editImage(image, { ...below, config: { Entrypoint: undefined } }, memoryBlobs())
  await copy(heldImage(base, 'base'), `oci:${join(folder, 'store')}:openjdk:8-jdk-alpine`)
  writeFileSync(join(folder, 'app.jar'), await appJar())
  writeFileSync(join(folder, '.dockerignore'), 'store\nbundle')
  writeFileSync(
    join(folder, 'Dockerfile'),
    'FROM openjdk:8-jdk-alpine\nWORKDIR /\nCOPY app.jar .\nENTRYPOINT ["java","-jar","app.jar"]\n',
  )
  const lines: string[] = []
  const options = {
    store: join(folder, 'store'),
    tags: ['oci-demo-app:v0'],
    onEvent: (event: { type: string; line?: string }) => void (event.type === 'build' && lines.push(event.line!)),
  }
  const built = await build(folder, options)
  expect(lines.filter(line => /^(Step|Success)/.test(line)).map(line => line.replace(/ [0-9a-f]{12}$/, ''))).toEqual([
    'Step 1/4 : FROM openjdk:8-jdk-alpine',
    'Step 2/4 : WORKDIR /',
    'Step 3/4 : COPY app.jar .',
    'Step 4/4 : ENTRYPOINT ["java","-jar","app.jar"]',
    'Successfully built',
    'Successfully tagged oci-demo-app:v0',
  ])
  expect(built.image.layers).toHaveLength(4)
  expect(built.steps.map(step => step.layer !== undefined)).toEqual([false, true, false])

  const bundle = await unpackBundle(built.image, join(folder, 'bundle'))
  const own = await bundle.edit(config => {
    config.root!.readonly = false
  })
  const id = `ocilab-article-${process.pid}`
  const container = await ocirun().run(id, own.path)
  try {
    const get = 'for i in $(seq 100); do wget -q -O - http://127.0.0.1:8000/hello && exit; sleep 0.1; done'
    expect((await container.exec({ args: ['sh', '-c', get] })).stdout.trim()).toBe(answer)
  } finally {
    await container.delete({ force: true })
  }
})
