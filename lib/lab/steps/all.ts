import type { Step } from '../step.ts'
import { build } from './01-build.ts'
import { pushPull } from './02-push-pull.ts'
import { save } from './03-save.ts'
import { exportRootfs } from './04-export.ts'
import { ociLayout } from './05-oci-layout.ts'
import { token } from './06-token.ts'
import { byHand } from './07-by-hand.ts'
import { unpackRootfs } from './08-unpack.ts'
import { bundle } from './09-bundle.ts'
import { run } from './10-run.ts'
import { loopback } from './11-loopback.ts'
import { stop } from './12-stop.ts'
import { network } from './13-network.ts'
import { hello } from './14-hello.ts'
import { eth0 } from './15-eth0.ts'
import { twoPhases } from './16-two-phases.ts'
import { netDevices } from './17-net-devices.ts'
import { takeDown } from './18-take-down.ts'

/** The article, step by step. */
export const steps: readonly Step[] = [
  build,
  pushPull,
  save,
  exportRootfs,
  ociLayout,
  token,
  byHand,
  unpackRootfs,
  bundle,
  run,
  loopback,
  stop,
  network,
  hello,
  eth0,
  twoPhases,
  netDevices,
  takeDown,
]
