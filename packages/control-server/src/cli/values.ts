import { InvalidArgumentError } from 'commander'

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
