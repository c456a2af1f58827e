/**
 * Works on all items, at most `limit` at a time; results come in the order of the items. After the first failure
 * nothing new is begun, `stop` is called, and what was begun is waited for: nobody is left writing.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
  stop: () => void,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  let failure: { error: unknown } | undefined
  const worker = async () => {
    while (next < items.length && failure === undefined) {
      const index = next++
      try {
        results[index] = await work(items[index]!)
      } catch (error) {
        // Only the first failure tells why: the others are the echo of `stop`.
        failure ??= { error }
        stop()
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  if (failure) throw failure.error
  return results
}
