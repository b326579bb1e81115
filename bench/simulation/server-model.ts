import type { Random } from '../../packages/mesh-client/src/kernel/random.ts'

export interface ServerBehaviour {
  /** Mean time that a request takes once a worker has it, in milliseconds; exponentially distributed. */
  readonly meanMs: number
  /** Requests that are worked on at once; the others wait in the order in which they came. */
  readonly workers: number
  readonly status: number
}

/** One server: knows when a request that comes now will be answered. */
export class ServerModel {
  readonly status: number
  readonly #meanMs: number
  readonly #random: Random
  /** When each worker is free again. */
  readonly #freeAt: Float64Array

  constructor({ meanMs, workers, status }: ServerBehaviour, random: Random) {
    this.status = status
    this.#meanMs = meanMs
    this.#random = random
    this.#freeAt = new Float64Array(workers)
  }

  answeredAt(now: number): number {
    let first = 0
    for (let worker = 1; worker < this.#freeAt.length; worker++) {
      if ((this.#freeAt[worker] as number) < (this.#freeAt[first] as number)) first = worker
    }
    const start = Math.max(now, this.#freeAt[first] as number)
    const end = start + exponential(this.#random, this.#meanMs)
    this.#freeAt[first] = end
    return end
  }
}

/** A random time of this mean between events that know nothing of each other. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random.next())
}
