const START_CAPACITY = 128

/** UTF-8 of one text after the other in the same memory. */
export class TextBytes {
  length = 0
  view: DataView
  #bytes: Uint8Array
  readonly #encoder = new TextEncoder()

  constructor() {
    this.#bytes = new Uint8Array(START_CAPACITY)
    this.view = new DataView(this.#bytes.buffer)
  }

  set(text: string): void {
    // A UTF-16 unit becomes three bytes at most.
    this.#reserve(3 * text.length)
    const bytes = this.#bytes
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code > 0x7f) {
        this.length = this.#encoder.encodeInto(text, bytes).written
        return
      }
      bytes[at] = code
    }
    this.length = text.length
  }

  /** Takes the place of everything from `at` on. */
  setDecimal(at: number, value: number): void {
    let digits = 1
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
    this.#reserve(at + digits)
    let rest = value
    for (let place = at + digits - 1; place >= at; place--) {
      const next = Math.floor(rest / 10)
      this.#bytes[place] = 0x30 + rest - 10 * next
      rest = next
    }
    this.length = at + digits
  }

  #reserve(capacity: number): void {
    if (capacity <= this.#bytes.length) return
    const bytes = new Uint8Array(2 * capacity)
    bytes.set(this.#bytes)
    this.#bytes = bytes
    this.view = new DataView(bytes.buffer)
  }
}
