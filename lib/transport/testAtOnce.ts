import type { Image } from '../image/image.ts'

/**
 * The same image for `works` at once: nobody gets a layer before all have asked for one, or one of them has ended. What
 * they answer, in the order of the works, is what they give, or the code of their error.
 */
export async function atOnce<T>(image: Image, works: ((image: Image) => Promise<T>)[]): Promise<(T | string)[]> {
  let asked = 0
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  const waiting = (): Image => {
    let isFirst = true
    const gate = async () => {
      if (isFirst && ++asked === works.length) open()
      isFirst = false
      await opened
    }
    const layers = image.layers.map(layer => ({
      ...layer,
      async *compressed() {
        await gate()
        yield* layer.compressed()
      },
      async *uncompressed() {
        await gate()
        yield* layer.uncompressed()
      },
    }))
    return { ...image, layers }
  }
  const ended = works.map(async work => {
    try {
      return await work(waiting())
    } catch (error) {
      return String((error as { code?: unknown }).code ?? error)
    } finally {
      open()
    }
  })
  return Promise.all(ended)
}
