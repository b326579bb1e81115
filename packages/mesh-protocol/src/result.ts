/**
 * The outcome of something that can fail with reasons, as a discriminated union: the value is only there when it
 * succeeded and the violations only when it did not.
 */
export type Result<T, E = readonly Violation[]> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E }

/** One thing that is wrong with an input: which field, why, and what would be right. */
export interface Violation {
  /** Path of the field, e.g. `virtualHosts[0].routes[1].match.path`. Empty for the whole input. */
  readonly field: string
  /** What is wrong and what would be accepted instead, in one sentence. */
  readonly message: string
}

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value })

export const fail = <E>(error: E): { readonly ok: false; readonly error: E } => ({ ok: false, error })
