import type { Runtime } from './container.ts'
import { type DriverOptions, runtimeDriver } from './driver.ts'
import { ocirun } from './ocirun.ts'

/** The runtime of a name: `ocirun` is our own and runs in this process, any other is a program that is installed here. */
export function runtimeNamed(name: string, options: DriverOptions = {}): Runtime {
  return name === 'ocirun' ? ocirun(options) : runtimeDriver(name, options)
}
