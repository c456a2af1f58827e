import { execPlugin } from '../exec.ts'
import type { CniResult } from '../result.ts'
import type { Asked } from './request.ts'

/** Hands the whole request on to the plugin that gives out addresses (SPEC.md § 4). Throws `CNI_FAILED`, `TOOL_MISSING`. */
export async function delegate(
  asked: Asked,
  command: Asked['command'] = asked.command,
): Promise<CniResult | undefined> {
  const { path, containerId, netns, ifName, args, config } = asked
  if (!config.ipam?.type) return undefined
  const line = Object.entries(args)
    .map(pair => pair.join('='))
    .join(';')
  const answer = await execPlugin(config.ipam.type, config, { command, path, containerId, netns, ifName, args: line })
  return answer as CniResult | undefined
}
