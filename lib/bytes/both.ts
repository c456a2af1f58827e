/**
 * Waits for two things that go on at once, for both also when one fails, and throws what failed.
 * A promise nobody waits for yet ends the whole program when it fails.
 */
export async function both(...works: [Promise<unknown>, Promise<unknown>]): Promise<void> {
  for (const end of await Promise.allSettled(works)) if (end.status === 'rejected') throw end.reason
}
