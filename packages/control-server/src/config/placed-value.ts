/** A value of an input with the place where it stands. */
export interface PlacedValue {
  /** For people; empty where it is the whole input. */
  readonly where: string
  readonly value: unknown
}
