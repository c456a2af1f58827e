/**
 * The lines of stages that are built at once, in the order of the Dockerfile: a stage's lines come as they are said when
 * all before it are done, and wait until then.
 */
export class OrderedLines {
  readonly #say: (line: string) => void
  readonly #waiting: string[][]
  readonly #done: boolean[]
  #turn = 0

  constructor(stages: number, say: (line: string) => void) {
    this.#say = say
    this.#waiting = Array.from({ length: stages }, () => [])
    this.#done = Array.from({ length: stages }, () => false)
  }

  print(stage: number, line: string): void {
    if (stage === this.#turn) this.#say(line)
    else this.#waiting[stage]!.push(line)
  }

  /** The stage will say no more. */
  end(stage: number): void {
    this.#done[stage] = true
    while (this.#done[this.#turn]) {
      this.#turn++
      for (const line of this.#waiting[this.#turn]?.splice(0) ?? []) this.#say(line)
    }
  }
}

/** Turns what a program writes into lines, and keeps the last of them. */
export function outputLines(print: (line: string) => void, keep: number) {
  const last: string[] = []
  // A character may come in two pieces.
  const decoder = new TextDecoder()
  let rest = ''
  const said = (line: string) => {
    print(line)
    last.push(line)
    if (last.length > keep) last.shift()
  }
  return {
    last,
    write(chunk: Uint8Array) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop()!
      for (const line of lines) said(line)
    },
    end() {
      if (rest !== '') said(rest)
      rest = ''
    },
  }
}
