import type { LineOf } from './source-line.ts'

/** A value of an input with the place where it stands. */
export interface PlacedValue {
  /** For people; empty where it is the whole input. */
  readonly where: string
  readonly value: unknown
  /** Where its fields stand in the input; absent where nobody asked, or the input is JSON. */
  readonly lineOf?: LineOf
}
