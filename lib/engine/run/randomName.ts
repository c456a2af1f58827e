import { randomInt } from 'node:crypto'

const ADJECTIVES =
  'amused brave bright calm clever cool dazzling eager elegant festive friendly gifted happy jolly keen kind lucid merry nifty polite proud quirky relaxed sharp silly sleepy stoic sweet tender vibrant wise zen'
// Who made what this project is about, or what it stands on.
const PEOPLE =
  'baran berners_lee biederman burns cerf crosby dahl hejlsberg hopper hykes hyndman joy kahn kernighan kerrisk kuznetsov lovelace mcilroy menage molnar mouat pike postel ritchie russell seth sarai thompson torvalds tweedie viro zeng'

/** Such as `brave_hopper`. ≙ the names docker run gives */
export function randomName(): string {
  return `${one(ADJECTIVES)}_${one(PEOPLE)}`
}

function one(words: string): string {
  const list = words.split(' ')
  return list[randomInt(list.length)]!
}
