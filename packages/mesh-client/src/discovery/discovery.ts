import type { Nack, Node, ResourceKey } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Random } from '../kernel/random.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import { type ControlStatus, createControlStatusTracker } from './control-status.ts'
import { type ControlTransport, createControlTransport } from './control-transport.ts'
import { createLastKnownGood } from './last-known-good.ts'
import type { LocalDirectory } from './local-directory.ts'
import { createLocalFallback } from './local-fallback.ts'
import type { LocalPeers } from './local-peers.ts'
import type { ControlTls } from './secure-agents.ts'
import { type Compile, heldResources, type Snapshot } from './snapshot.ts'
import { createSnapshotStore } from './snapshot-store.ts'
import type { Applied } from './store-state.ts'
import { createStreamClient } from './stream-client.ts'
import { createTokenSource } from './token-source.ts'

export interface DiscoveryOptions {
  /** Base URLs of control servers. */
  readonly control: readonly string[]
  readonly token: string | undefined
  readonly tokenFile: string | undefined
  readonly stateDir: string | undefined
}

export interface DiscoveryDeps<Routes, Hosts> {
  readonly options: DiscoveryOptions
  readonly node: Node
  readonly compile: Compile<Routes, Hosts>
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  readonly logger: Logger
  readonly detached: <T>(action: () => T) => T
  /** Of connections to `https:`. Absent: the platform's authorities and host names. */
  readonly tls?: ControlTls
  /** A new snapshot is in force. */
  readonly onSnapshot: (after: Snapshot<Routes, Hosts>, before: Snapshot<Routes, Hosts>) => void
  /** Something of the way to the control server is other than before. */
  readonly onControl: () => void
  readonly onConnected: (forgotten: boolean) => void
  readonly localDirectory: Pick<LocalDirectory, 'read'>
  /** What is to be called besides the assigned endpoints, until told otherwise. Never part of the snapshot. */
  readonly onLocalPeers: (peers: LocalPeers) => void
}

/** What this process learns from the control server. */
export interface Discovery<Routes, Hosts> {
  readonly snapshot: Snapshot<Routes, Hosts>
  readonly control: ControlStatus
  /** Where what is in force comes from. */
  readonly origin: 'nowhere' | 'last-known-good' | 'control-server'
  readonly refused: ReadonlyMap<ResourceKey, Nack>
  readonly subscriptions: ReadonlySet<string>
  /** For what else is to be told to the control server. */
  readonly transport: ControlTransport
  /** Versions in force. */
  versions(): Record<ResourceKey, string>
  /** Reads the last-known-good policy, then opens the stream. Returns at once. */
  start(): void
  follow(host: string): void
  /** Ends the stream and writes what is to be kept. Never rejects. */
  close(): Promise<void>
}

export function createDiscovery<Routes, Hosts>(deps: DiscoveryDeps<Routes, Hosts>): Discovery<Routes, Hosts> {
  const { options, node, timers, clock, detached } = deps
  const tls = deps.tls === undefined ? {} : { tls: deps.tls }
  const transport = createControlTransport({ token: createTokenSource({ ...options, clock }), timers, ...tls })
  const kept =
    options.stateDir === undefined
      ? undefined
      : createLastKnownGood({ ...deps, ...node, stateDir: options.stateDir, current: () => toSave() })
  let origin: Discovery<Routes, Hosts>['origin'] = 'nowhere'
  let restoring = false
  let closed = false

  const store = createSnapshotStore<Routes, Hosts>({
    ...deps,
    onChange(after, before) {
      origin = restoring ? 'last-known-good' : 'control-server'
      if (!restoring) kept?.changed()
      deps.onSnapshot(after, before)
    },
  })
  const status = createControlStatusTracker({ ...deps, urls: options.control, onChange: deps.onControl })
  const fallback = createLocalFallback({ ...deps, directory: deps.localDirectory, onPeers: deps.onLocalPeers })
  /** Only after what was told is in force, so that an endpoint which is in both is not let go in between. */
  const heard = (applied: Applied): Applied => {
    fallback.end()
    return applied
  }
  const stream = createStreamClient({
    ...deps,
    urls: options.control,
    transport,
    store: {
      ...store,
      update: (event) => heard(store.update(event)),
      heartbeat: () => heard(store.heartbeat()),
    },
    onConnected: status.connected,
    onDisconnected(url, reason, lost) {
      status.disconnected(url, reason, lost)
      fallback.again()
    },
  })
  const toSave = () => ({
    subscriptions: [...stream.subscriptions].filter((host) => store.current.routes.get(host) !== 'absent'),
    resources: heldResources(store.current),
  })
  const restore = async (): Promise<void> => {
    const saved = await kept?.load()
    if (saved === undefined || closed) return
    await fallback.begin()
    if (closed) return
    restoring = true
    try {
      store.restore(saved.resources)
      stream.follow(saved.subscriptions)
    } catch (error) {
      deps.logger.error('The last-known-good policy could not be brought into force', { reason: String(error) })
    } finally {
      restoring = false
    }
  }

  return {
    transport,
    get snapshot() {
      return store.current
    },
    get control() {
      return status.current
    },
    get origin() {
      return origin
    },
    refused: store.refused,
    get subscriptions() {
      return stream.subscriptions
    },
    versions: store.known,
    start: () =>
      detached(() => {
        void restore().then(() => {
          if (!closed) stream.start()
        })
      }),
    follow: (host) => stream.follow([host]),
    async close() {
      closed = true
      status.closing()
      fallback.end()
      stream.close()
      await kept?.close()
      transport.close()
    },
  }
}
