import { createHash } from 'node:crypto'
import type { Clock } from '../kernel/clock.ts'
import { canonicalIp } from './ip-range.ts'

/** So many credentials that are not known, within the period, and an address is not listened to for as long. */
export const MAX_GUESSES = 10
export const GUESS_PERIOD_MS = 60_000

/** Addresses, and credentials that were good, that are remembered: the memory does not grow with who attacks. */
const MAX_REMEMBERED = 4_096

interface Guesses {
  /** Digests of what was tried, at most {@link MAX_GUESSES}. */
  readonly tried: Set<string>
  readonly since: number
  blockedUntil: number
}

/**
 * Slows down whoever tries credentials out. Counted by address, and IPv6 by /64, as one machine has all of that. Who was known
 * here lately still is while others of the same address (behind one NAT, on one machine) are guessing, and the same wrong credential
 * over and over, as of a process that was forgotten, is one guess.
 */
export class GuessLimiter {
  private readonly clock: Clock
  private readonly byAddress = new Map<string, Guesses>()
  private readonly known = new Set<string>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** For how long the address is not listened to, in milliseconds; 0 where it is, or where this credential was good before. */
  blockedFor(address: string, credential: string): number {
    const guesses = this.byAddress.get(groupOf(address))
    if (guesses === undefined) return 0
    const remaining = guesses.blockedUntil - this.clock.now()
    if (remaining <= 0) return 0
    return this.known.has(digestOf(address, credential)) ? 0 : remaining
  }

  wasWrong(address: string, credential: string): void {
    const digest = digestOf(address, credential)
    this.known.delete(digest)
    const now = this.clock.now()
    const group = groupOf(address)
    const before = this.byAddress.get(group)
    const isOver = before === undefined || now - before.since >= GUESS_PERIOD_MS
    const guesses = isOver ? { tried: new Set<string>(), since: now, blockedUntil: before?.blockedUntil ?? 0 } : before
    if (guesses.tried.size < MAX_GUESSES) guesses.tried.add(digest)
    if (guesses.tried.size >= MAX_GUESSES) guesses.blockedUntil = now + GUESS_PERIOD_MS
    remember(this.byAddress, group, guesses)
  }

  wasRight(address: string, credential: string): void {
    const digest = digestOf(address, credential)
    if (this.known.has(digest)) return
    this.known.add(digest)
    if (this.known.size > MAX_REMEMBERED) this.known.delete(first(this.known.values()))
  }
}

function remember(map: Map<string, Guesses>, key: string, value: Guesses): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > MAX_REMEMBERED) map.delete(first(map.keys()))
}

function first(keys: Iterator<string>): string {
  return keys.next().value as string
}

function digestOf(address: string, credential: string): string {
  return createHash('sha256')
    .update(`${groupOf(address)} ${credential}`)
    .digest('base64')
}

function groupOf(address: string): string {
  const ip = canonicalIp(address) ?? address
  if (!ip.includes(':')) return ip
  const [head = '', tail] = ip.split('::')
  const before = head.split(':').filter((part) => part !== '')
  const after = (tail ?? '').split(':').filter((part) => part !== '')
  const missing = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...new Array<string>(missing).fill('0'), ...after].slice(0, 4).join(':')
}
