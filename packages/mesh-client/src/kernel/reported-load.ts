/** When a weight that an endpoint's reports give may be used. */
export interface ReportPeriods {
  readonly blackoutPeriodMs: number
  readonly weightExpirationPeriodMs: number
}

/**
 * The weight that the reports of an endpoint give it. One that has begun to report is not trusted before a while has
 * passed, since its first reports are of no load; one that has stopped is not known any more. gRFC A58, Envoy
 * `orca_weight_manager.h`.
 */
export class ReportedLoad {
  #weight: number
  #since: number
  #at: number

  constructor(weight: number, now: number) {
    this.#weight = weight
    this.#since = now
    this.#at = now
  }

  /** Another report has come. After a time without any it counts as the first. */
  learn(weight: number, now: number, { weightExpirationPeriodMs }: ReportPeriods): void {
    if (now - this.#at > weightExpirationPeriodMs) this.#since = now
    this.#weight = weight
    this.#at = now
  }

  /** `undefined`: it has no weight of its own now. */
  weightAt(now: number, { blackoutPeriodMs, weightExpirationPeriodMs }: ReportPeriods): number | undefined {
    if (now - this.#since < blackoutPeriodMs || now - this.#at > weightExpirationPeriodMs) return undefined
    return this.#weight
  }
}
