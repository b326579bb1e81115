import type { WorkloadPort } from '@weft/mesh-protocol'

/** Where a listening server can be reached. */
export interface BoundAddress {
  /** IP address or host name that callers connect to. */
  readonly address: string
  readonly ports: readonly WorkloadPort[]
}

/** One served port's entry at the control server, kept alive in the background until it is given up. */
export interface Registration {
  /** Whether the control server has it at this moment, so that callers may be sent here. */
  readonly registered: boolean
  /**
   * Takes the entry away. Resolves when the control server has confirmed, or has been given up on. Idempotent; never
   * rejects.
   */
  deregister(): Promise<void>
}

/** Starts a registration in the background; returns at once, never throws, and retries by itself. */
export type Register = (bound: BoundAddress) => Registration
