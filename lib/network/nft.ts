import { spawn } from 'node:child_process'
import { closeSync, createWriteStream } from 'node:fs'
import { isSystemError, KernelError, OciError } from '../errors.ts'
import { native } from '../kernel.ts'
import { isNetns } from './netns.ts'

/** One object of libnftables-json(5), by its kind: `{table: …}`, `{chain: …}`, `{rule: …}`. */
export type NftObject = Readonly<Record<string, unknown>>

/** What is asked of nftables: objects that are listed are the same ones that are added. */
export type NftCommand = { readonly add: NftObject } | { readonly delete: NftObject } | { readonly list: NftObject }

/** Which family our tables have: one table for IPv4 and IPv6. */
const FAMILY = 'inet'

/**
 * Carries out commands as one transaction, all or none. ≙ `nft -j -f -`
 * Throws `TOOL_MISSING` where there is no nft, and `KERNEL` with what it says.
 */
export async function nft(commands: readonly NftCommand[], netns?: string): Promise<NftObject[]> {
  const input = JSON.stringify({ nftables: commands })
  const inside = netns === undefined ? [] : ['nsenter', `--net=${netns}`]
  const { status, out, err } = await run([...inside, 'nft', '-j', '-f', '-'], input)
  if (status === 0) return out === '' ? [] : (JSON.parse(out) as { nftables: NftObject[] }).nftables
  const said = /Error: (.*)/.exec(err)?.[1] ?? err.trim().split('\n')[0] ?? `exit ${status}`
  const errno = ERRNO.find(([text]) => said.includes(text))?.[1]
  throw new KernelError(errno === 'EPERM' ? 'NOT_PERMITTED' : 'KERNEL', `nft: ${said}`, { where: input, errno })
}

const ERRNO = [
  ['No such file or directory', 'ENOENT'],
  ['File exists', 'EEXIST'],
  ['Operation not permitted', 'EPERM'],
] as const

/** A line that does the same in a shell. */
export function nftLine(commands: readonly NftCommand[]): string {
  return `echo '${JSON.stringify({ nftables: commands })}' | nft -j -f -`
}

/** Adds a table of ours with all that is in it. A table of that name that is there already is another's: see {@link checkFree}. */
export function newTable(name: string, objects: readonly NftObject[]): NftCommand[] {
  return [{ add: { table: { family: FAMILY, name } } }, ...objects.map(add => ({ add }))]
}

/** ≙ `nft delete table inet NAME`; one that is gone already is fine, and so is a machine without nft: then none was made. */
export async function deleteTable(name: string, netns?: string): Promise<void> {
  if (netns !== undefined && !isNetns(netns)) return
  try {
    await nft([{ delete: { table: { family: FAMILY, name } } }], netns)
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

/** True when there is a table of ours of that name. */
export async function tableExists(name: string, netns?: string): Promise<boolean> {
  return (await tableNames(netns)).includes(name)
}

/** The names of the tables of our family, whoever made them. */
export async function tableNames(netns?: string): Promise<string[]> {
  if (netns !== undefined && !isNetns(netns)) return []
  try {
    const objects = await nft([{ list: { tables: { family: FAMILY } } }], netns)
    return objects.flatMap(({ table }) => (table ? [(table as { name: string }).name] : []))
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

/** Tables, chains and rules of a network namespace, whoever made them; none where nft is not to be had. ≙ `nft -j list ruleset` */
export async function ruleset(netns?: string): Promise<NftObject[]> {
  try {
    return (await nft([{ list: { ruleset: null } } as NftCommand], netns)).filter(object => !('metainfo' in object))
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

function isGone(error: unknown): boolean {
  return error instanceof OciError && (error.data.errno === 'ENOENT' || error.code === 'TOOL_MISSING')
}

function run([command = '', ...args]: string[], input: string): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    // A pipe of the kernel's: nft opens /dev/stdin by its name, which a socket, that Node would make, does not allow.
    const [theirs, ours] = native().pipe()
    const child = spawn(command, args, { stdio: [theirs, 'pipe', 'pipe'] })
    closeSync(theirs)
    const [out, err]: Buffer[][] = [[], []]
    child.stdout?.on('data', chunk => out!.push(chunk))
    child.stderr?.on('data', chunk => err!.push(chunk))
    child.on('error', error =>
      reject(['ENOENT', 'EACCES'].some(code => isSystemError(error, code)) ? missing() : error),
    )
    child.on('close', status => {
      const texts = { out: Buffer.concat(out!).toString().trim(), err: Buffer.concat(err!).toString() }
      // nsenter starts nft for us, and says in its own words that there is none.
      if ((status === 126 || status === 127) && texts.err.includes('nft')) reject(missing())
      else resolve({ status: status ?? 128, ...texts })
    })
    // It ends without having read everything where it cannot start.
    createWriteStream('', { fd: ours })
      .on('error', () => {})
      .end(input)
  })
}

function missing(): OciError {
  return new OciError('TOOL_MISSING', 'nft: not installed here', {
    want: 'nft',
    hint: 'sudo apt-get install -y nftables',
  })
}
