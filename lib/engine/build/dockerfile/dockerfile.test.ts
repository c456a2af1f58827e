import { describe, expect, it } from 'vitest'
import { parseDockerfile } from './dockerfile.ts'
import type { Instruction } from './instruction.ts'

const first = (text: string): Partial<Instruction> => {
  const { line: _line, ...rest } = parseDockerfile(`FROM scratch\n${text}`).stages[0]!.instructions[0]!
  return rest
}
const shell = (text: string) => ({ form: 'shell', text })
const exec = (...words: string[]) => ({ form: 'exec', words })

describe('instructions', () => {
  it.each([
    [
      'ENV A=1 B="x y" C=\\ z',
      {
        pairs: [
          ['A', '1'],
          ['B', '"x y"'],
          ['C', '\\ z'],
        ],
      },
    ],
    ['ENV A 1 2  3', { pairs: [['A', '1 2  3']] }],
    ['env a=b', { keyword: 'ENV', pairs: [['a', 'b']] }],
    ['LABEL "a b"=c', { pairs: [['"a b"', 'c']] }],
    ['ARG A', { args: [{ name: 'A' }] }],
    [
      'ARG A= B=1',
      {
        args: [
          { name: 'A', value: '' },
          { name: 'B', value: '1' },
        ],
      },
    ],
    ['COPY a b c/', { sources: ['a', 'b'], destination: 'c/' }],
    ['COPY ["a b", "c"]', { sources: ['a b'], destination: 'c' }],
    ['COPY --from=x --chown=1:2 --chmod=755 --link a b', { from: 'x', chown: '1:2', chmod: '755', link: true }],
    ['COPY -- --odd b', { sources: ['--odd'], destination: 'b' }],
    ['ADD --link=false a b', { keyword: 'ADD', link: false }],
    ['RUN echo b\\\\', { command: shell('echo b\\\\') }],
    ['RUN ["a","b c"]', { command: exec('a', 'b c') }],
    ["RUN ['a']", { command: shell("['a']") }],
    ['RUN ["a"] b', { command: shell('["a"] b') }],
    ['RUN a && \\\n  b', { command: shell('a &&   b') }],
    ['RUN a \\\n# no\n  # nor this\n  b', { command: shell('a   b') }],
    ['RUN a \\  \n b', { command: shell('a  b') }],
    ['RUN a \\\n\n\n b', { command: shell('a  b') }],
    ['RUN a \\', { command: shell('a') }],
    ['RUN a # b', { command: shell('a # b') }],
    ['RUN --network=none a', { network: 'none' }],
    ['CMD', { command: exec() }],
    ['CMD []', { command: exec() }],
    ['CMD echo "a  b"', { command: shell('echo "a  b"') }],
    ['ENTRYPOINT ["java", "-jar"]', { command: exec('java', '-jar') }],
    ['EXPOSE 80 53/udp', { ports: ['53/udp', '80'] }],
    ['VOLUME /a /b', { paths: ['/a', '/b'] }],
    ['VOLUME ["/a b"]', { paths: ['/a b'] }],
    ['USER a b', { word: 'a b' }],
    ['SHELL ["/bin/bash", "-c"]', { shell: ['/bin/bash', '-c'] }],
    ['HEALTHCHECK NONE', { health: { Test: ['NONE'] } }],
    [
      'HEALTHCHECK --interval=1m30s --retries=3 CMD a b',
      { health: { Test: ['CMD-SHELL', 'a b'], Interval: 90e9, Retries: 3 } },
    ],
    ['HEALTHCHECK --timeout=1.5s CMD ["a"]', { health: { Test: ['CMD', 'a'], Timeout: 1.5e9 } }],
    ['ONBUILD  RUN  a', { trigger: 'RUN  a' }],
    ['onbuild COPY . /x', { trigger: 'COPY . /x' }],
  ])('%s', (text, want) => expect(first(text)).toMatchObject(want))

  it.each([
    ['RUN <<EOF\na\n\nb\nEOF', [{ name: 'EOF', content: 'a\n\nb\n', expand: true }]],
    ['RUN <<-EOF\n\ta\n\tEOF', [{ name: 'EOF', content: 'a\n', chomp: true }]],
    [
      "RUN cat <<'a' 3<<b\n1\na\n2\nb",
      [
        { name: 'a', content: '1\n', expand: false },
        { name: 'b', content: '2\n', fd: 3 },
      ],
    ],
    ['COPY <<x /y\n# not a comment \\\nx', [{ content: '# not a comment \\\n' }]],
    ['RUN ["cat", "<<EOF"]', []],
    ['RUN echo $((1<<2))', []],
  ])('%s', (text, want) => expect((first(text) as { files: unknown[] }).files).toMatchObject(want))

  it.each([
    ['type=cache,target=/c', { type: 'cache', target: '/c', readonly: false, sharing: 'shared' }],
    ['target=/c,source=x', { type: 'bind', target: '/c', source: 'x', readonly: true }],
    ['type=bind,dst=/c,rw,from=b', { readonly: false, from: 'b' }],
    ['type=tmpfs,target=/t,size=1m', { type: 'tmpfs', size: 1 << 20 }],
    ['type=cache,target=/c,mode=0700,uid=1,gid=2,sharing=locked', { mode: 0o700, uid: 1, gid: 2, sharing: 'locked' }],
  ])('RUN --mount=%s', (mount, want) =>
    expect((first(`RUN --mount=${mount} a`) as { mounts: unknown[] }).mounts[0]).toMatchObject(want),
  )
})

describe('the whole file', () => {
  it('escapes and continues with what the directive says', () => {
    const { stages, escapeToken } = parseDockerfile('# escape=`\nFROM a\nRUN dir C:\\\nRUN b `\n c')
    expect(escapeToken).toBe('`')
    expect(stages[0]!.instructions.map(it => it.text)).toEqual(['RUN dir C:\\', 'RUN b  c'])
  })

  it('takes a directive after anything else for a comment', () => {
    expect(parseDockerfile('# a comment\n# escape=`\nFROM a').escapeToken).toBe('\\')
    expect(parseDockerfile('FROM a\n# escape=`').escapeToken).toBe('\\')
    expect(parseDockerfile('# syntax=docker/dockerfile:1\n# escape=`\nFROM a').escapeToken).toBe('`')
  })

  it('splits into stages, with the ARGs before them', () => {
    const { args, stages } = parseDockerfile(
      '\ufeffARG V=1\r\nFROM --platform=linux/arm64 a:$V AS One\r\nRUN b\r\nfrom one\r\n',
    )
    expect(args[0]!.args).toEqual([{ name: 'V', value: '1' }])
    expect(stages.map(({ from, instructions }) => [from.image, from.as, from.platform, instructions.length])).toEqual([
      ['a:$V', 'one', 'linux/arm64', 1],
      ['one', undefined, undefined, 0],
    ])
  })

  it('warns of empty lines in a continuation', () => {
    expect(parseDockerfile('FROM a\nRUN b \\\n\n c').warnings).toEqual(['Empty continuation line found in: RUN b  c'])
  })
})

describe('what is wrong, and where', () => {
  it.each([
    ['FROM a\n\n  FROMM b', 3, 3, 'unknown instruction: FROMM'],
    ['', 1, 1, 'file with no instructions'],
    ['# only a comment', 1, 1, 'file with no instructions'],
    ['RUN a\nFROM b', 1, 1, 'no build stage in current context'],
    ['ARG A', 1, 1, 'no build stage in current context'],
    ['FROM a b', 1, 6, 'FROM requires either one or three arguments'],
    ['FROM a AS 1b', 1, 11, 'invalid name for build stage: "1b"'],
    ['FROM a\nCOPY b', 2, 6, 'COPY requires at least two arguments, but only one was provided.'],
    ['FROM a\nRUN --foo b', 2, 5, 'unknown flag: --foo'],
    ['FROM a\nCOPY --from=x \\\n  --from=y a b', 3, 3, 'duplicate flag specified: --from'],
    ['FROM a\nCOPY --from a b', 2, 6, 'missing a value on flag: --from'],
    ['FROM a\nENV', 2, 1, 'ENV requires at least one argument'],
    ['FROM a\nENV A', 2, 1, 'ENV must have two arguments'],
    ['FROM a\nENV A=1 B', 2, 9, `Syntax error - can't find = in "B"`],
    ['FROM a\nCMD [1]', 2, 1, 'arrays must be comprised of strings only'],
    ['FROM a\nSHELL bash', 2, 7, 'SHELL requires the arguments to be in JSON form'],
    ['FROM a\nONBUILD ONBUILD RUN b', 2, 9, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['FROM a\nONBUILD FROM b', 2, 9, "FROM isn't allowed as an ONBUILD trigger"],
    ['FROM a\nHEALTHCHECK FOO', 2, 1, 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
    ['FROM a\nHEALTHCHECK --interval=1x CMD b', 2, 1, 'invalid duration "1x"'],
    ['FROM a\nHEALTHCHECK CMD', 2, 1, 'Missing command after HEALTHCHECK CMD'],
    ['FROM a\nUSER', 2, 1, 'USER requires exactly one argument'],
    ['FROM a\nRUN b <<EOF\nc', 2, 7, 'unterminated heredoc'],
    ['FROM a\nRUN --mount=type=foo,target=/a b', 2, 5, 'unsupported mount type "foo" (want bind, cache, tmpfs)'],
    ['FROM a\nRUN --mount=type=tmpfs b', 2, 5, 'want a target'],
    ['FROM a\nRUN --network=none \\\n  --mount=type=secret,id=x b', 3, 3, '--mount=type=secret: nothing of this kind'],
    ['FROM a\nRUN --mount=type=ssh b', 2, 5, '--mount=type=ssh: nothing of this kind'],
    ['FROM a\nRUN --network=bridge b', 2, 5, 'unsupported network mode: "bridge" (want default, none, host)'],
    ['FROM a\nRUN --security=insecure b', 2, 5, '--security=insecure: not supported here'],
    ['FROM a\nADD --checksum=md5:0 http://x/y /', 2, 5, '--checksum=md5:0: want sha256:'],
    ['FROM a\nCOPY --checksum=sha256:0 a /', 2, 6, 'unknown flag: --checksum'],
    ['# escape=x\nFROM a', 1, 1, 'invalid escape token'],
    ['# escape=`\n# escape=`\nFROM a', 2, 1, 'only one escape parser directive can be used'],
  ])('%j', (text, line, column, message) => {
    expect(() => parseDockerfile(text, 'Dockerfile')).toThrow(
      expect.objectContaining({
        code: 'DOCKERFILE_INVALID',
        data: expect.objectContaining({ line, column }),
        message: expect.stringContaining(`Dockerfile:${line}:${column}: dockerfile parse error on line ${line}: `),
      }),
    )
    expect(() => parseDockerfile(text)).toThrow(message)
  })
})
