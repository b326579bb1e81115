import type { HttpMatchRequest, HttpRouteDestination } from '../config/spec/virtual-service.ts'

export type Spec = Readonly<Record<string, unknown>>

/** A resource that the canary has made or edited. */
export interface Touched {
  readonly namespace: string
  readonly name: string
  /** As it was before the first change; null: it was not there. */
  readonly before: Spec | null
  /** As the last change left it. What differs from it was changed by somebody else. */
  readonly written: Spec
}

/** A destination with its share of what the canary leaves, which need not be a whole number of percent. */
export interface Share {
  readonly destination: HttpRouteDestination
  readonly share: number
}

/** What is kept of a canary from its first change until it is rolled back or the next one begins. Stored as JSON. */
export interface CanaryRecord {
  readonly subset: string
  /** 0 to 100. */
  readonly weight: number
  /** Requests that always go to the canary. */
  readonly match: readonly HttpMatchRequest[]
  /** The canary has got everything. It can still be rolled back. */
  readonly promoted: boolean
  readonly virtualService: Touched
  readonly destinationRules: readonly Touched[]
  /** Destinations of the split before the first change; empty where there was no VirtualService. */
  readonly splitBefore: readonly HttpRouteDestination[]
  /** The others in the proportion that they keep among themselves, exact, so that rounding does not add up. */
  readonly others: readonly Share[]
}
