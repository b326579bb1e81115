import type { HashFacts } from '../balancing/request-hash.ts'

/** What is known of a connection before a byte is sent. */
export class ConnectionFacts implements HashFacts {
  readonly sourceAddress: string

  constructor(sourceAddress: string) {
    this.sourceAddress = sourceAddress
  }

  headerValues(): readonly string[] {
    return []
  }

  queryValue(): undefined {
    return undefined
  }
}
