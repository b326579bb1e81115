import { createToken } from './access.ts'
import { openApi } from './api.ts'
import type { TokenSpec } from './auth/token-spec.ts'
import { makeUuid } from './kernel/identifier.ts'
import { systemTurn } from './kernel/turn.ts'
import { type ControlServerOptions, resolveOptions, type Settings } from './options.ts'
import { createParts } from './parts.ts'
import { keepKnownServicesClean } from './registry/known-service-cleanup.ts'
import { createMemoryStore } from './store/memory-store.ts'
import { openSqliteStore } from './store/sqlite-store.ts'
import type { Store } from './store/store.ts'

/** A control server that listens. */
export interface ControlServer {
  /** Base URL without trailing slash; `https://` where it is secure. */
  readonly url: string
  /**
   * SHA-256 of the root that signs the API's certificate, hex: what clients pin (`WEFT_CA_FINGERPRINT`). Makes the
   * certificate authority where nothing has needed it yet.
   */
  caFingerprint(): Promise<string>
  /** A join or an API token, as `POST /v1/tokens` makes it. Rejects with a `TypeError` that lists what is wrong with the spec. */
  createToken(spec: TokenSpec): Promise<string>
  /**
   * Of a secure server with a memory store: a token with the role admin. One with a data directory has it there, in
   * `admin-token`, and tells it here at the start that has made it.
   */
  readonly adminToken: string | undefined
  /** Ends the streams, answers what is under way, closes the store. Can be called again. */
  close(): Promise<void>
}

/**
 * Starts a control server in this process. Rejects with an `OptionsError` for options, a `StoreError` for the data directory,
 * or the system's error for an address that cannot be listened on.
 */
export async function startControlServer(options: ControlServerOptions = {}): Promise<ControlServer> {
  const settings = resolveOptions(options, process.env)
  const store = openStore(settings)
  try {
    return await serve(settings, store)
  } catch (error) {
    await store.close()
    throw error
  }
}

function openStore({ store, dataDir, clock, timers, logger }: Settings): Store {
  const engine = {
    clock,
    timers,
    turn: systemTurn,
    onListenerError: (error: unknown) => logger.error('a change was not taken in', { error: String(error) }),
  }
  return store === 'memory'
    ? createMemoryStore({ ...engine, epoch: makeUuid() })
    : openSqliteStore({ ...engine, dataDir, makeEpoch: makeUuid })
}

async function serve(settings: Settings, store: Store): Promise<ControlServer> {
  const parts = await createParts(settings, store)
  const { access, ca, model } = parts
  let closing: Promise<void> | undefined
  const api = await openApi(parts, settings, () => closing === undefined).catch((error: unknown) => {
    parts.close()
    throw error
  })
  const stopCleaning = keepKnownServicesClean({
    store,
    model: () => model.current,
    timers: settings.timers,
    wallNow: () => settings.clock.wallNow(),
    onError: (error) => settings.logger.warn('known services were not reviewed', { error: String(error) }),
  })
  const close = async (): Promise<void> => {
    stopCleaning()
    await api.close()
    parts.close()
    await store.close()
  }
  return {
    url: api.url,
    caFingerprint: () => ca.authority.fingerprint(),
    createToken: (spec) => createToken(access.auth, spec),
    adminToken: access.adminToken,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
