import { readFileSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Bytes } from '../../bytes/bytes.ts'
import { collect } from '../../bytes/collect.ts'
import { isSystemError } from '../../errors.ts'
import type { Staging } from '../../transport/staging.ts'
import { contextSource } from './contextSource.ts'
import { type BuildInput, type InputOptions, unprepared } from './input.ts'
import { parseDockerignore } from './patterns.ts'

/** The context and its Dockerfile; `-` for either of them is what is on stdin. Throws `ARGUMENT_INVALID`. */
export async function openInput(context: string, options: InputOptions, staging: Staging): Promise<BuildInput> {
  const { file, stdin } = options
  if (context === '-') {
    if (file === '-') throw unprepared("can't use stdin for both build context and dockerfile", '-')
    const { openStdin } = await import('./stdin.ts')
    return openStdin(stdinOf(stdin), options, staging)
  }
  const folder = contextFolder(context)
  if (file === '-') {
    const ignored = parseDockerignore(textOf(join(folder, '.dockerignore')) ?? '')
    const text = new TextDecoder().decode(await collect(stdinOf(stdin)))
    return { text, name: 'stdin', context: contextSource(folder, ignored), place: [folder, '-'] }
  }
  const path = file === undefined ? join(folder, 'Dockerfile') : resolve(file)
  return {
    text: readDockerfile(path),
    name: path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path,
    context: contextSource(folder, readIgnored(folder, path)),
    place: [folder, path],
  }
}

function stdinOf(stdin: Bytes | undefined): Bytes {
  if (stdin) return stdin
  throw unprepared('`-` is what is on stdin, of which nothing was given', '-')
}

function contextFolder(context: string): string {
  if (/^(https?|git):\/\/|^git@/.test(context))
    throw unprepared(
      `${context}: want a folder, or - for what is on stdin; URLs and repositories are not fetched`,
      context,
    )
  try {
    return realpathSync(context)
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw unprepared(`path ${JSON.stringify(context)} not found`, context, error)
  }
}

function readDockerfile(path: string): string {
  const text = textOf(path)
  if (text !== undefined) return text
  throw unprepared(`unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`, path)
}

/** A Dockerfile may have a .dockerignore of its own: `NAME.dockerignore`. */
function readIgnored(folder: string, dockerfile: string): string[] {
  const text = textOf(`${dockerfile}.dockerignore`) ?? textOf(join(folder, '.dockerignore'))
  return parseDockerignore(text ?? '')
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}
