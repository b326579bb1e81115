/**
 * What a warning is about: `unreachable` rules, `deprecated` fields, `not-enforced` ones, those that only `proxy` would act on,
 * and `general` for the rest.
 */
export type NoteSort = 'general' | 'unreachable' | 'deprecated' | 'not-enforced' | 'proxy'

/** A warning with its parts. */
export interface Note {
  readonly field: string
  readonly message: string
  readonly sort: NoteSort
}

/** Warnings name their field first, as they are shown without one of their own. */
export const noteText = ({ field, message }: Note): string => `${field}: ${message}`
