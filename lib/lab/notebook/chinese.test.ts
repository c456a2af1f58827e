import { expect, it } from 'vitest'
import { joinLines } from './chinese.ts'

it.each([
  ['中文\n换行，\nEnglish\n中', '中文换行，English\n中'],
  ['一，\n\n二', '一，\n\n二'],
  ['：\n- 一，\n  又一\n- 二\n1. 三', '：\n- 一，又一\n- 二\n1. 三'],
  ['用\n**粗体**。\n**粗体**', '用\n**粗体**。**粗体**'],
  ['标题：\n# 题\n文', '标题：\n# 题\n文'],
  ['如下：\n```\n一\n二\n```\n三\n四', '如下：\n```\n一\n二\n```\n三四'],
  ['| 一 |\n| 二 |\n三', '| 一 |\n| 二 |\n三'],
])('%j is %j', (markdown, joined) => expect(joinLines(markdown)).toBe(joined))
