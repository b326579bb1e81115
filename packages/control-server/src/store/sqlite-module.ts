type SqliteModule = typeof import('node:sqlite')

/**
 * Loads node:sqlite when a store is opened, not when Weft is imported. Node 22 announces it as experimental; the part in use
 * here is the same on all supported versions, so that this one announcement is kept off stderr and every other warning is
 * let through.
 */
export function loadSqlite(): SqliteModule {
  const emitWarning = process.emitWarning
  process.emitWarning = function (this: unknown, ...args: unknown[]): void {
    if (!String(args[0]).includes('SQLite is an experimental feature')) Reflect.apply(emitWarning, process, args)
  } as typeof process.emitWarning
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}
