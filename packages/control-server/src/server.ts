import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { danglingReferences } from './config/references.ts'
import { validateResource } from './config/validate.ts'
import { makeUuid } from './kernel/identifier.ts'
import { systemTurn } from './kernel/turn.ts'
import { urlOf } from './listen-address.ts'
import { type ControlServerOptions, resolveOptions, type Settings } from './options.ts'
import { createPush, type Push } from './push/push.ts'
import { delegatingHosts } from './registry/delegating-hosts.ts'
import { knownHosts } from './registry/known-hosts.ts'
import { keepKnownServicesClean } from './registry/known-service-cleanup.ts'
import { followStore, type LiveModel } from './registry/live-model.ts'
import type { Model } from './registry/model.ts'
import { Registrations } from './registry/registrations.ts'
import { Resources } from './registry/resources.ts'
import { analyzeRoutes } from './serve/analyze-routes.ts'
import { createApp } from './serve/app.ts'
import { applyRoutes } from './serve/apply-routes.ts'
import { takeText } from './serve/bodies.ts'
import { Canaries } from './serve/canaries.ts'
import { canaryRoutes } from './serve/canary-routes.ts'
import { clientRoutes } from './serve/client-routes.ts'
import { healthRoutes } from './serve/health-routes.ts'
import { metricsRoutes } from './serve/metrics.ts'
import { openApiRoutes } from './serve/openapi.ts'
import { prometheusTargetRoutes } from './serve/prometheus-targets.ts'
import { resourceRoutes } from './serve/resource-routes.ts'
import { createStatusOf } from './serve/route-statuses.ts'
import { serviceRoutes } from './serve/service-routes.ts'
import { streamRoutes } from './serve/stream-routes.ts'
import { watchUnusedConnections } from './serve/unused-connections.ts'
import { workloadRoutes } from './serve/workload-routes.ts'
import { createMemoryStore } from './store/memory-store.ts'
import { openSqliteStore } from './store/sqlite-store.ts'
import type { Store } from './store/store.ts'

/** A control server that listens. */
export interface ControlServer {
  /** Base URL without trailing slash. */
  readonly url: string
  /** Ends the streams, answers what is under way, closes the store. Can be called again. */
  close(): Promise<void>
}

/** Requests under way have this long to be answered when the server closes. */
const CLOSE_TIMEOUT_MS = 5_000

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

/** What the server is made of, lowest first. */
interface Parts {
  readonly store: Store
  readonly model: LiveModel
  readonly resources: Resources
  readonly registrations: Registrations
  readonly push: Push
}

async function createParts({ domain, workloadTtlMs, clock, timers, logger }: Settings, store: Store): Promise<Parts> {
  const wallNow = (): number => clock.wallNow()
  const model = await followStore(store, domain, (key, error) =>
    logger.error('what is stored cannot be read and is passed over: write it anew', { key, error: String(error) }),
  )
  return {
    store,
    model,
    resources: new Resources({
      store,
      domain,
      makeId: makeUuid,
      wallNow,
      check: validateResource,
      findDangling: (all) => {
        const known = knownHosts(model.current, all)
        return (resource) => danglingReferences(resource, known, domain)
      },
      delegatingHosts: (delegates) => delegatingHosts(delegates, model.current.virtualServices, domain),
    }),
    registrations: new Registrations({ store, ttlMs: workloadTtlMs, wallNow }),
    push: createPush({ models: model, clock, timers, turn: systemTurn, epoch: store.epoch, logger }),
  }
}

async function createApi(parts: Parts, settings: Settings, isReady: () => boolean): Promise<FastifyInstance> {
  const { resources, registrations, push } = parts
  const model = (): Model => parts.model.current
  const { app, routes } = createApp(settings.logger)
  metricsRoutes(app, { model, push })
  healthRoutes(app, isReady)
  streamRoutes(app, push, makeUuid)
  workloadRoutes(app, registrations, settings.workloadTtlMs)
  serviceRoutes(app, model)
  canaryRoutes(
    app,
    new Canaries({ store: parts.store, model, makeId: makeUuid, wallNow: () => settings.clock.wallNow() }),
    push,
  )
  clientRoutes(app, push)
  prometheusTargetRoutes(app, model)
  openApiRoutes(app, routes)
  await app.register(async (scope) => {
    takeText(scope)
    resourceRoutes(scope, { resources, push, statusOf: createStatusOf(model) })
    applyRoutes(scope, resources, push)
    analyzeRoutes(scope, {
      domain: settings.domain,
      resources,
      knownWith: (added) => knownHosts(model(), added),
    })
  })
  return app
}

async function serve(settings: Settings, store: Store): Promise<ControlServer> {
  const parts = await createParts(settings, store)
  const { logger } = settings
  const stopCleaning = keepKnownServicesClean({
    store,
    model: () => parts.model.current,
    timers: settings.timers,
    wallNow: () => settings.clock.wallNow(),
    onError: (error) => logger.warn('known services were not reviewed', { error: String(error) }),
  })
  let closing: Promise<void> | undefined
  const app = await createApi(parts, settings, () => closing === undefined)
  const closeUnused = watchUnusedConnections(app.server)
  const close = async (): Promise<void> => {
    stopCleaning()
    await closeApi(app, closeUnused, settings)
    parts.model.close()
    await store.close()
  }
  try {
    await app.listen(settings.listen)
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: urlOf(app.server.address() as AddressInfo),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Streams end, requests under way are answered; what takes too long is cut. */
async function closeApi(app: FastifyInstance, closeUnused: () => void, { timers }: Settings): Promise<void> {
  const timer = timers.set(() => app.server.closeAllConnections(), CLOSE_TIMEOUT_MS)
  const closed = app.close()
  closeUnused()
  await closed
  timers.clear(timer)
}
