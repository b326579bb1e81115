/*
 * Runs before undici is loaded. Reading `Response` makes Node's own copy of undici take its places first, so that what is
 * remembered here is what the process would have without Weft.
 */

const LEGACY: symbol = Symbol.for('undici.globalDispatcher.1')
const CURRENT: symbol = Symbol.for('undici.globalDispatcher.2')

/** What stood in the two places of the global dispatcher before undici was loaded. */
export interface SavedDispatchers {
  readonly legacy: unknown
  readonly current: unknown
}

function save(): SavedDispatchers {
  void globalThis.Response
  const places = globalThis as unknown as Record<symbol, unknown>
  return { legacy: places[LEGACY], current: places[CURRENT] }
}

export const savedDispatchers: SavedDispatchers = save()
