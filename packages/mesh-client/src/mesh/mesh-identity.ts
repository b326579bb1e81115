import { createTokenSource } from '../discovery/token-source.ts'
import type { SendToControl } from '../identity/certificate-request.ts'
import { createKeyWithRequest } from '../identity/certificate-signing-request.ts'
import { type ControlTrust, createControlTrust } from '../identity/control-trust.ts'
import { NO_IDENTITY } from '../identity/identity.ts'
import { createIdentityDirectory, type IdentityDirectory } from '../identity/identity-directory.ts'
import { createIdentityManager, type IdentityManager, NO_IDENTITY_STATUS } from '../identity/identity-manager.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Random } from '../kernel/random.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import type { ResolvedOptions } from '../options/types.ts'
import { thisProcess } from './kept-workload-id.ts'
import type { Self } from './self.ts'

export interface MeshIdentityDeps {
  readonly options: ResolvedOptions
  readonly self: Self
  readonly send: SendToControl
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  readonly logger: Logger
}

/** Who this process is in the mesh, and how it makes sure of the control server. */
export interface MeshIdentity {
  readonly identity: IdentityManager
  readonly controlTrust: ControlTrust
}

/** An identity is sought where there is something to prove oneself with: a token, or a directory that may hold a certificate. */
export function createMeshIdentity(deps: MeshIdentityDeps): MeshIdentity {
  const { options, self, logger } = deps
  const { token, tokenFile, identityDir } = options
  const hasToken = token !== undefined || tokenFile !== undefined
  const identity = hasToken || identityDir !== undefined ? manager(deps) : NOT_SOUGHT
  if (hasToken)
    for (const url of options.control.filter(isExposed)) logger.warn(EXPOSED, { url, workload: self.node.id })
  const controlTrust = createControlTrust({
    ...deps,
    caFile: options.caFile,
    caFingerprint: options.caFingerprint,
    token: createTokenSource({ ...options, clock: deps.clock }),
    identity: () => identity.current,
    trust: () => identity.trust,
  })
  return { identity, controlTrust }
}

function manager(deps: MeshIdentityDeps): IdentityManager {
  const { options, self } = deps
  return createIdentityManager({
    ...deps,
    urls: options.control,
    workloadId: self.node.id,
    newKey: createKeyWithRequest,
    namespace: options.namespace,
    serviceAccount: options.serviceAccount,
    directory: directoryOf(deps),
  })
}

function directoryOf({ options, self, clock, logger }: MeshIdentityDeps): IdentityDirectory | undefined {
  const { identityDir: directory, namespace, serviceAccount } = options
  if (directory === undefined) return undefined
  const holder = { workloadId: self.node.id, ...thisProcess(clock) }
  return createIdentityDirectory({
    directory,
    namespace,
    serviceAccount,
    holder,
    uid: process.getuid?.(),
    clock,
    logger,
  })
}

const nothing = (): void => undefined

const NOT_SOUGHT: IdentityManager = {
  state: NO_IDENTITY.state,
  current: undefined,
  onChange: NO_IDENTITY.onChange,
  trust: undefined,
  start: nothing,
  useTrust: nothing,
  controlIsBack: nothing,
  renewNow: nothing,
  status: () => NO_IDENTITY_STATUS,
  close: () => Promise.resolve(),
}

const EXPOSED =
  'The token of this process goes to the control server in plaintext, where others may read it: use https, or keep to loopback'

function isExposed(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && hostname !== 'localhost' && hostname !== '[::1]' && !hostname.startsWith('127.')
}
