import { type ErrorCode, isOciError, isSystemError } from '../../errors.ts'
import type { Text } from '../claim.ts'
import { CompileError, CompilerCrash } from './compiler.ts'

/** What to do about an error that learners meet whatever the lesson is; undefined where its own words must do. */
export function adviceFor(error: unknown): Text | undefined {
  if (error instanceof CompilerCrash) return CRASHED
  if (error instanceof CompileError) {
    const codes = error.problems.map(({ code }) => code)
    return codes.some(code => UNKNOWN_NAME.includes(code)) ? OUT_OF_ORDER : undefined
  }
  const own = (error as { data?: { advice?: Text } } | null)?.data?.advice
  if (own) return own
  if (isOciError(error)) return BY_CODE[error.code]
  return isSystemError(error, 'ENOENT') ? NOT_THERE : undefined
}

/** TypeScript’s diagnostics for a name that nothing declares. */
const UNKNOWN_NAME = [2304, 2552, 18004]

const OUT_OF_ORDER: Text = {
  en: 'does a cell further up make this name? Run the cells above first (Run → Run All Above Selected Cell)',
  zh: '这个名字是上面某个单元格里定义的吗？先运行上面的单元格（Run → Run All Above Selected Cell）',
}

const NOT_THERE: Text = {
  en: 'does a cell further up make this file? Run the cells above first; lab.begin goes to the folder of the lesson',
  zh: '这个文件是上面某个单元格生成的吗？先运行上面的单元格；lab.begin 会进入本课的目录',
}

const CRASHED: Text = {
  en: 'the compiler itself failed, and was begun anew: split the cell, or write the types of its variables, and run it again',
  zh: '编译器自己出错了，已经重新启动：把这个单元格拆开，或者写明变量的类型，再运行一次',
}

const LEFT_OVER: Text = {
  en: 'it is there from an earlier try: go on with it, or run await lab.cleanup(), which takes all back, and then this cell again',
  zh: '它是先前留下的：可以接着用；也可以运行 await lab.cleanup() 全部收回，再运行这个单元格',
}

const MISSING: Text = {
  en: "await lab.sh('ocilab doctor') says what this machine lacks, and how to get it",
  zh: "await lab.sh('ocilab doctor') 会说明这台机器缺什么、怎么装",
}

const BY_CODE: Partial<Record<ErrorCode, Text>> = {
  NETWORK_EXISTS: LEFT_OVER,
  CONTAINER_EXISTS: LEFT_OVER,
  TARGET_EXISTS: LEFT_OVER,
  CONTAINER_UNKNOWN: {
    en: 'is there no container yet, or no more? Run the cell that makes it, and then this one again',
    zh: '容器还没有建，或者已经删了？先运行创建它的单元格，再运行这个',
  },
  ADDRESS_IN_USE: {
    en: "another program has this port: await lab.cleanup() ends what this lab runs; await lab.sh('ss -ltnp') says who else it is",
    zh: "这个端口被别的程序占用了：await lab.cleanup() 会结束本实验运行的东西；await lab.sh('ss -ltnp') 能看出还有谁",
  },
  NOT_PERMITTED: {
    en: 'this needs root: close the notebook, and start it with sudo (sudo -E ocilab lab)',
    zh: '这一步需要 root：关掉笔记本，用 sudo 启动（sudo -E ocilab lab）',
  },
  TOOL_MISSING: MISSING,
  NATIVE_MISSING: MISSING,
}
