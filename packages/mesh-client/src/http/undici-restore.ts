import { savedDispatchers } from './undici-save.ts'

/*
 * Runs after undici is loaded and gives the process back its global dispatcher: undici 8 replaces the older place, and
 * with it a proxy agent or a mock that was there.
 *
 * A newer place that was empty stays filled: nothing but copies of undici 8 reads it, and an application that shares our
 * copy would find no dispatcher there.
 */

const LEGACY: symbol = Symbol.for('undici.globalDispatcher.1')
const CURRENT: symbol = Symbol.for('undici.globalDispatcher.2')

function restore(): void {
  const places = globalThis as unknown as Record<symbol, unknown>
  if (places[LEGACY] !== savedDispatchers.legacy) places[LEGACY] = savedDispatchers.legacy
  if (savedDispatchers.current !== undefined && places[CURRENT] !== savedDispatchers.current) {
    places[CURRENT] = savedDispatchers.current
  }
}

restore()
