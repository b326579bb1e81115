import type { AddressInfo } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { type Access, createToken, openAccess } from './access.ts'
import { AuditLog } from './auth/audit-log.ts'
import type { TokenSpec } from './auth/token-spec.ts'
import { type Ca, openCa } from './ca/open-ca.ts'
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
import { selectableWorkloads } from './registry/selectable-workloads.ts'
import { analyzeRoutes } from './serve/analyze-routes.ts'
import { ApiTls } from './serve/api-tls.ts'
import { createApp } from './serve/app.ts'
import { applyRoutes } from './serve/apply-routes.ts'
import { auditRoutes } from './serve/audit-routes.ts'
import { authorizeRequests } from './serve/auth-hook.ts'
import { takeText } from './serve/bodies.ts'
import { caRoutes } from './serve/ca-routes.ts'
import { Canaries } from './serve/canaries.ts'
import { canaryRoutes } from './serve/canary-routes.ts'
import { certificateRoutes } from './serve/certificate-routes.ts'
import { clientRoutes } from './serve/client-routes.ts'
import { healthRoutes } from './serve/health-routes.ts'
import { metricsRoutes } from './serve/metrics.ts'
import { openApiRoutes } from './serve/openapi.ts'
import { peerOf } from './serve/peer-of.ts'
import { prometheusTargetRoutes } from './serve/prometheus-targets.ts'
import { resourceRoutes } from './serve/resource-routes.ts'
import { roleRoutes } from './serve/role-routes.ts'
import { createStatusOf } from './serve/route-statuses.ts'
import { serviceRoutes } from './serve/service-routes.ts'
import { streamRoutes } from './serve/stream-routes.ts'
import { tokenRoutes } from './serve/token-routes.ts'
import { watchUnusedConnections } from './serve/unused-connections.ts'
import { workloadRoutes } from './serve/workload-routes.ts'
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
  readonly ca: Ca
  readonly push: Push
  readonly access: Access
}

async function createParts(settings: Settings, store: Store): Promise<Parts> {
  const { domain, workloadTtlMs, clock, timers, logger } = settings
  const wallNow = (): number => clock.wallNow()
  const model = await followStore(store, domain, (key, error) =>
    logger.error('what is stored cannot be read and is passed over: write it anew', { key, error: String(error) }),
  )
  const audit = await AuditLog.follow({ store, wallNow, turn: systemTurn })
  const ca = await openCa({
    ...settings,
    store,
    dataDir: settings.store === 'memory' ? undefined : settings.dataDir,
    names: () => model.current.mesh,
    record: (changes) => audit.operations(changes),
    reach: { allAcked: () => push.trustAcked() },
  })
  model.subscribe(({ mesh }) => {
    if (mesh) ca.authority.namesMayHaveChanged()
  })
  const { trust } = ca.authority
  const push = createPush({ models: model, trust, clock, timers, turn: systemTurn, epoch: store.epoch, logger })
  const resources = new Resources({
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
  })
  const registrations = new Registrations({ store, ttlMs: workloadTtlMs, wallNow })
  const current = (): Model => model.current
  const access = await openAccess(settings, { store, audit, ca, model: current, resources, registrations })
  return { store, model, ca, push, resources, registrations, access }
}

async function createApi(
  parts: Parts,
  settings: Settings,
  tls: ApiTls | undefined,
  isReady: () => boolean,
): Promise<FastifyInstance> {
  const { resources, registrations, ca, push, access } = parts
  const { auth, audit, owners, guard, writerOf } = access
  const model = (): Model => parts.model.current
  const wallNow = (): number => settings.clock.wallNow()
  const { app, routes } = createApp(settings, tls?.serverOptions())
  authorizeRequests(app, { authenticator: auth.authenticator, peerOf })
  metricsRoutes(app, { model, push })
  healthRoutes(app, isReady)
  streamRoutes(app, { push, makeId: makeUuid, guard, owners })
  workloadRoutes(app, { registrations, guard, ttlMs: settings.workloadTtlMs })
  serviceRoutes(app, model)
  const canaries = new Canaries({ store: parts.store, model, makeId: makeUuid, wallNow })
  canaryRoutes(app, { canaries, push, writerOf })
  clientRoutes(app, push)
  caRoutes(app, ca, audit)
  certificateRoutes(app, {
    ca,
    admission: auth.admission,
    isTokenRevoked: (id) => auth.tokens.get(id)?.revokedAtMs !== undefined,
    wallNow,
  })
  tokenRoutes(app, auth.tokens, wallNow)
  roleRoutes(app, auth.roles)
  auditRoutes(app, audit)
  prometheusTargetRoutes(app, model)
  openApiRoutes(app, routes)
  await app.register(async (scope) => {
    takeText(scope)
    resourceRoutes(scope, { resources, push, writerOf, statusOf: createStatusOf(model) })
    applyRoutes(scope, { resources, push, writerOf })
    analyzeRoutes(scope, {
      domain: settings.domain,
      resources,
      knownWith: (added) => knownHosts(model(), added),
      workloads: () => selectableWorkloads(model()),
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
  const tls = settings.secure ? await openTls(parts.ca, settings) : undefined
  const app = await createApi(parts, settings, tls, () => closing === undefined)
  tls?.keep(app.server as unknown as TlsServer)
  const closeUnused = watchUnusedConnections(app.server)
  const close = async (): Promise<void> => {
    stopCleaning()
    tls?.close()
    await closeApi(app, closeUnused, settings)
    parts.access.close()
    parts.ca.close()
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
    url: urlOf(app.server.address() as AddressInfo, settings.secure),
    caFingerprint: () => parts.ca.authority.fingerprint(),
    createToken: (spec) => createToken(parts.access.auth, spec),
    adminToken: parts.access.adminToken,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** The address that it listens on is one of those at which it is reached, unless that stands for all of them. */
function openTls({ authority }: Ca, settings: Settings): Promise<ApiTls> {
  const { host } = settings.listen
  const own = host === '::' || host === '0.0.0.0' ? [] : [host]
  return ApiTls.open({ ...settings, authority, names: [...own, ...settings.tlsNames] })
}

/** Streams end, requests under way are answered; what takes too long is cut. */
async function closeApi(app: FastifyInstance, closeUnused: () => void, { timers }: Settings): Promise<void> {
  const timer = timers.set(() => app.server.closeAllConnections(), CLOSE_TIMEOUT_MS)
  const closed = app.close()
  closeUnused()
  await closed
  timers.clear(timer)
}
