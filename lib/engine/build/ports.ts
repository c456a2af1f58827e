import { OciError } from '../../errors.ts'

const LARGEST = 65535

/** `80`, `53/udp`, `8000-8002`: as a config has them, `80/tcp`. Throws `ARGUMENT_INVALID`. */
export function exposedPorts(specs: readonly string[]): string[] {
  return specs.flatMap(spec => {
    // Addresses and host ports may stand before, as in -p: they say nothing here.
    const [range = '', protocol = ''] = spec.slice(spec.lastIndexOf(':') + 1).split('/', 2)
    if (range === '') throw invalid(`No port specified: ${spec}<empty>`)
    const kind = (protocol || 'tcp').toLowerCase()
    if (!['tcp', 'udp', 'sctp'].includes(kind)) throw invalid(`Invalid proto: ${protocol}`)
    const [, from = '', to = from] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
    const [first, last] = [Number(from), Number(to)]
    if (from === '' || first > last || last > LARGEST) throw invalid(`Invalid containerPort: ${range}`)
    return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${kind}`)
  })
}

function invalid(message: string): OciError {
  return new OciError('ARGUMENT_INVALID', message)
}
