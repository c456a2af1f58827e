import type { LinuxConfig } from '../../spec/linuxConfig.ts'

/** Moves network devices of the host into the container, its namespaces just made. config-linux.md § Network Devices */
export async function moveNetDevices(pid: number, devices: LinuxConfig['netDevices'] = {}): Promise<void> {
  const wanted = Object.entries(devices)
  if (wanted.length === 0) return
  // Few containers have any, and what speaks with the kernel about them takes its time to load.
  const { moveLink } = await import('../../network/moveLink.ts')
  for (const [name, { name: newName = name }] of wanted) await moveLink(name, newName || name, `/proc/${pid}/ns/net`)
}
