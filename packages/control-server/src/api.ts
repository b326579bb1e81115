import type { AddressInfo } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { Ca } from './ca/open-ca.ts'
import { makeUuid } from './kernel/identifier.ts'
import { urlOf } from './listen-address.ts'
import type { Settings } from './options.ts'
import type { Parts } from './parts.ts'
import { knownHosts } from './registry/known-hosts.ts'
import type { Model } from './registry/model.ts'
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

/** Requests under way have this long to be answered when the server closes. */
const CLOSE_TIMEOUT_MS = 5_000

/** The API, listening. */
export interface Api {
  /** Base URL without trailing slash. */
  readonly url: string
  /** Streams end, requests under way are answered; what takes too long is cut. */
  close(): Promise<void>
}

/** Rejects where it cannot listen, or with a `CaError` where it cannot have a certificate. */
export async function openApi(parts: Parts, settings: Settings, isReady: () => boolean): Promise<Api> {
  const tls = settings.secure ? await openTls(parts.ca, settings) : undefined
  const app = await createApi(parts, settings, tls, isReady)
  tls?.keep(app.server as unknown as TlsServer)
  const closeUnused = watchUnusedConnections(app.server)
  const close = async (): Promise<void> => {
    tls?.close()
    const timer = settings.timers.set(() => app.server.closeAllConnections(), CLOSE_TIMEOUT_MS)
    const closed = app.close()
    closeUnused()
    await closed
    settings.timers.clear(timer)
  }
  try {
    await app.listen(settings.listen)
  } catch (error) {
    await close()
    throw error
  }
  return { url: urlOf(app.server.address() as AddressInfo, settings.secure), close }
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

/** The address that it listens on is one of those at which it is reached, unless that stands for all of them. */
function openTls({ authority }: Ca, settings: Settings): Promise<ApiTls> {
  const { host } = settings.listen
  const own = host === '::' || host === '0.0.0.0' ? [] : [host]
  return ApiTls.open({ ...settings, authority, names: [...own, ...settings.tlsNames] })
}
