import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { PROGRAM } from '../package.ts'
import { imageWith } from '../rootfs/testLayers.ts'
import { copy } from '../transport/copy.ts'
import { heldImage } from '../transport/held.ts'
import { verbs } from './verbs.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function ocilab(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise(resolve =>
    execFile(process.execPath, [PROGRAM, ...args], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
    ),
  )
}

describe('help', () => {
  it('lists every verb', async () => {
    const { status, stdout } = await ocilab('--help')
    expect(status).toBe(0)
    for (const { name, summary } of verbs.filter(({ group }) => group !== 'hidden'))
      expect(stdout).toContain(`${name.padEnd(9)}  ${summary}`)
  })
  it.each(verbs.map(verb => verb.name))('%s has its own', async name => {
    const { status, stdout } = await ocilab(name, '--help')
    expect(stdout).toContain(`Usage: ocilab ${name}`)
    expect(status).toBe(0)
  })
  it('tells the version', async () => expect((await ocilab('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/))
})

describe('what is asked wrongly', () => {
  it.each([
    [['nonesuch'], 'no such verb'],
    [['copy'], 'missing required argument'],
    [['copy', 'a:b', 'c:d', '--nonesuch'], 'unknown option'],
    [['copy', 'oci:x', 'oci:y', '--platform', 'linux'], 'want os/arch'],
    [['save', 'oci:x'], "required option '-o, --output"],
    [['tour', '--lang', 'fr'], 'Allowed choices'],
    [['registry', 'serve', '--port', '70000'], 'want 0 to 65535'],
    [['network', 'plan', '--id', '../x'], 'lab id'],
  ])('%j: exit 2, in one line', async (args, message) => {
    const { status, stderr } = await ocilab(...args)
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('    at ')
    expect(status).toBe(2)
  })
})

describe('what cannot be done', () => {
  const notLayout = join(folder, 'not-a-layout')
  const broken = join(folder, 'broken.tar')
  writeFileSync(broken, 'this is no tar')

  it.each([
    [['copy', `oci:${notLayout}:v0`, 'dir:out'], /\[(LAYOUT_INVALID|MANIFEST_UNKNOWN|IO)\]/],
    [['copy', 'docker://BAD', 'dir:out'], '[REFERENCE_INVALID]'],
    [['copy', 'nonsense', 'dir:out'], '[REFERENCE_INVALID]'],
    [['copy', `docker-archive:${broken}`, 'dir:out'], /\[(TAR_INVALID|ARCHIVE_INVALID)\]/],
    [['copy', 'docker://127.0.0.1:1/x', 'dir:out'], '[REGISTRY_UNREACHABLE]'],
    [['tags', 'oci:x'], '[UNSUPPORTED]'],
    [['container', 'state', 'unknown', '--runtime', 'nonesuch'], '[TOOL_MISSING]'],
  ])('%j: exit 1, one line with a code, and nothing half-written', async (args, code) => {
    const { status, stderr } = await ocilab(...args)
    expect(stderr).toMatch(code)
    expect(stderr.split('\n').filter(line => line.startsWith('ocilab:'))).toHaveLength(1)
    expect(stderr).not.toContain('    at ')
    expect(status).toBe(1)
    expect(readdirSync(folder)).not.toContain('out')
  })
})

describe('whoever reads what it says', () => {
  const sh = (line: string) => promisify(execFile)('bash', ['-c', line, process.execPath, PROGRAM], { cwd: folder })
  it('may go: no stack trace, and it ends', async () => {
    const { stdout, stderr } = await sh('{ "$0" "$1" --help; echo "status $?" >&2; } | sleep 0')
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: expect.stringMatching(/^status 141\n$/) })
  })
  it('may be slow: it gets all', async () => {
    await copy(heldImage(await imageWith({ a: { body: 'A'.repeat(1 << 20) } }), 'mem'), `oci:${folder}/big:v0`)
    expect(Number((await sh('"$0" "$1" export oci:big:v0 | { sleep 0.3; wc -c; }')).stdout)).toBeGreaterThan(1 << 20)
  })
})

describe('verbs that work together', () => {
  it('copy, save, load, inspect, export', async () => {
    await copy(heldImage(await imageWith({ a: { body: 'A' } }, { 'b/c': {} }), 'mem'), `oci:${folder}/layout:v0`)
    const digest = (await ocilab('copy', 'oci:layout:v0', 'oci:second:v1', '--digestfile', 'digest')).stdout.trim()
    expect(readFileSync(join(folder, 'digest'), 'utf8')).toBe(digest)
    expect((await ocilab('save', 'oci:layout:v0', '-o', 'saved.tar', '-n', 'x/y:v0', '--profile', '2020')).status).toBe(
      0,
    )
    expect((await ocilab('load', '-i', 'saved.tar', 'oci:loaded:v0')).status).toBe(0)
    const layersOf = async (name: string) =>
      JSON.parse((await ocilab('inspect', name)).stdout).LayersData.map((layer: { DiffID: string }) => layer.DiffID)
    expect(await layersOf('oci:loaded:v0')).toEqual(await layersOf('oci:layout:v0'))
    expect(JSON.parse((await ocilab('inspect', '--raw', 'oci:second:v1')).stdout).layers).toHaveLength(2)
    expect((await ocilab('export', 'oci:layout:v0', '-o', 'flat.tar')).status).toBe(0)
    expect((await ocilab('export', 'oci:layout:v0')).stdout).toContain('ustar')
  })

  it('spec writes once', async () => {
    expect((await ocilab('spec', '--bundle', 'bundle')).status).toBe(0)
    expect(await ocilab('spec', '--bundle', 'bundle')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Remove it first'),
    })
  })

  it('picture draws an image in the forms it has', async () => {
    await copy(heldImage(await imageWith({ a: { body: 'A' } }, { '.wh.a': {} }), 'mem'), `oci:${folder}/drawn:v0`)
    expect((await ocilab('picture', 'layers', 'oci:drawn:v0')).stdout).toContain('- /a hides 1 B')
    expect((await ocilab('picture', 'manifest', 'oci:drawn:v0', '--as', 'mermaid')).stdout).toMatch(/^flowchart LR\n/)
    expect(await ocilab('picture', 'layers', 'oci:drawn:v0', '--as', 'mermaid')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('want text or html, got mermaid'),
    })
  })

  it('network plan is the article’s fourteen commands', async () => {
    const lines = (await ocilab('network', 'plan')).stdout.trim().split('\n')
    expect(lines).toHaveLength(14)
    expect(lines[0]).toBe('brctl addbr runc0')
    expect(lines.at(-1)).toBe('ip netns exec runc-demo-contaienr ip route add default via 10.200.0.1')
  })
})
