import { setTimeout as sleep } from 'node:timers/promises'
import { namedNetns, topology } from './topology.ts'

// Every test has a network of its own. What one leaves in the machine's is said when all are done.
const PATIENCE = 10_000
let before: readonly string[] = []

export async function setup(): Promise<void> {
  before = await seen()
}

export async function teardown(): Promise<void> {
  const left = async () => (await seen()).filter(thing => !before.includes(thing))
  // The kernel takes what was in a namespace down when it gets to it.
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline && (await left()).length > 0; ) await sleep(500)
  for (const thing of await left()) console.warn(`left in the machine's network by a test, or somebody else: ${thing}`)
}

/** Without the native part there is no looking, and no test that could leave anything. */
async function seen(): Promise<string[]> {
  const [host] = await topology([], { rules: true }).catch(() => [])
  const links = host?.links.map(({ name }) => `link ${name}`) ?? []
  const tables = host?.rules?.flatMap(({ table }) => (table ? [`nftables ${JSON.stringify(table)}`] : [])) ?? []
  return [...links, ...tables, ...namedNetns().map(path => `netns ${path}`)]
}
