/** Events by their moments; of the same moment, in the order in which they were put in. */
export class EventQueue<E> {
  readonly #moments: number[] = []
  readonly #orders: number[] = []
  readonly #events: E[] = []
  #added = 0

  get size(): number {
    return this.#events.length
  }

  /** Of the first event. */
  get moment(): number {
    return this.#moments[0] ?? Number.POSITIVE_INFINITY
  }

  push(moment: number, event: E): void {
    let at = this.#events.length
    const order = this.#added++
    this.#events.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((this.#moments[parent] as number) <= moment) break
      this.#move(parent, at)
      at = parent
    }
    this.#set(at, moment, order, event)
  }

  /** Takes the first event, of a queue that has one. */
  pop(): E {
    const first = this.#events[0] as E
    const last = this.#events.length - 1
    const moment = this.#moments[last] as number
    const order = this.#orders[last] as number
    const event = this.#events[last] as E
    this.#events.length = last
    this.#moments.length = last
    this.#orders.length = last
    if (last === 0) return first
    let at = 0
    for (let child = 1; child < last; child = 2 * at + 1) {
      if (
        child + 1 < last &&
        this.#isBefore(child + 1, this.#moments[child] as number, this.#orders[child] as number)
      ) {
        child++
      }
      if (!this.#isBefore(child, moment, order)) break
      this.#move(child, at)
      at = child
    }
    this.#set(at, moment, order, event)
    return first
  }

  #isBefore(at: number, moment: number, order: number): boolean {
    const own = this.#moments[at] as number
    return own < moment || (own === moment && (this.#orders[at] as number) < order)
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#moments[from] as number, this.#orders[from] as number, this.#events[from] as E)
  }

  #set(at: number, moment: number, order: number, event: E): void {
    this.#moments[at] = moment
    this.#orders[at] = order
    this.#events[at] = event
  }
}
