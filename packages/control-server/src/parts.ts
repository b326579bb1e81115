import { type Access, openAccess } from './access.ts'
import { AuditLog } from './auth/audit-log.ts'
import { type Ca, openCa } from './ca/open-ca.ts'
import { danglingReferences } from './config/references.ts'
import { validateResource } from './config/validate.ts'
import { makeUuid } from './kernel/identifier.ts'
import { systemTurn } from './kernel/turn.ts'
import type { Settings } from './options.ts'
import { createPush, type Push } from './push/push.ts'
import { delegatingHosts } from './registry/delegating-hosts.ts'
import { knownHosts } from './registry/known-hosts.ts'
import { followStore, type LiveModel } from './registry/live-model.ts'
import type { Model } from './registry/model.ts'
import { Registrations } from './registry/registrations.ts'
import { Resources } from './registry/resources.ts'
import type { Store } from './store/store.ts'

/** What the server is made of, lowest first. */
export interface Parts {
  readonly store: Store
  readonly model: LiveModel
  readonly resources: Resources
  readonly registrations: Registrations
  readonly ca: Ca
  readonly push: Push
  readonly access: Access
  close(): void
}

export async function createParts(settings: Settings, store: Store): Promise<Parts> {
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
  return {
    store,
    model,
    ca,
    push,
    resources,
    registrations,
    access,
    close() {
      access.close()
      ca.close()
      model.close()
    },
  }
}
