import { InvalidArgumentError } from 'commander'
import { milliseconds } from '../config/duration.ts'

export function parseWhole(text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (value >= 1) return value
  throw new InvalidArgumentError('Write a whole number from 1.')
}

/** `a,b` and `a, b`. */
export function splitList(text: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  if (items.every((item) => item !== '')) return items
  throw new InvalidArgumentError('Write names separated by commas.')
}

/** `90s`, `24h` and the like in whole milliseconds. */
export function parseLifetime(text: string): number {
  const ms = milliseconds(text)
  if (ms !== undefined) return ms
  throw new InvalidArgumentError('Write a duration, such as 60s, 90m or 24h.')
}
