import type { Logger } from '../kernel/logger.ts'
import type { LocalDirectory } from './local-directory.ts'
import { type LocalPeers, NO_LOCAL_PEERS } from './local-peers.ts'

/**
 * When this process looks around on its own host: from a start with last-known-good policy to the first word of a control
 * server, and never again.
 */
export interface LocalFallback {
  /** Policy of an earlier life is about to come into force. Resolves when what is found has been told. */
  begin(): Promise<void>
  /** A try to reach a control server came to nothing. */
  again(): void
  /** A control server has told what is so, or the mesh is closed. */
  end(): void
}

export interface LocalFallbackDeps {
  readonly directory: Pick<LocalDirectory, 'read'>
  readonly logger: Logger
  /** Replaces what was told before. */
  readonly onPeers: (peers: LocalPeers) => void
}

export function createLocalFallback({ directory, logger, onPeers }: LocalFallbackDeps): LocalFallback {
  let phase: 'before' | 'on' | 'over' = 'before'
  let held = 0
  let reading: Promise<void> | undefined

  const tell = (peers: LocalPeers): void => {
    const count = peers.workloads.length
    if (count === 0 && held === 0) return
    if (held === 0)
      logger.info('Until a control server answers, workloads found on this host are called too', { count })
    held = count
    onPeers(peers)
  }
  const read = async (): Promise<void> => {
    const peers = await directory.read()
    reading = undefined
    if (phase === 'on') tell(peers)
  }

  return {
    begin() {
      if (phase !== 'before') return Promise.resolve()
      phase = 'on'
      reading = read()
      return reading
    },
    again() {
      if (phase === 'on') reading ??= read()
    },
    end() {
      if (phase === 'on') tell(NO_LOCAL_PEERS)
      phase = 'over'
    },
  }
}
