import type { ChannelOptions } from '@grpc/grpc-js'
import type { MeshInternals } from '../../mesh/internals.ts'

/**
 * By which a channel that grpc-js makes finds its mesh. What begins like this never becomes an argument of a subchannel
 * (`experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX`).
 */
export const BRIDGE_OPTION = 'grpc.internal.no_subchannel.weft'

/** The mesh retries, and a proxy would take the place of the target before a resolver sees it. */
export const BRIDGE_SETTINGS: Readonly<ChannelOptions> = { 'grpc.enable_retries': 0, 'grpc.enable_http_proxy': 0 }

/** A mesh, as the channels of grpc-js see it. */
export class Bridge {
  /** `undefined`: the mesh is turned off, and every host is outside it. */
  readonly mesh: MeshInternals | undefined

  constructor(mesh: MeshInternals | undefined) {
    this.mesh = mesh
  }

  /** Where it is told to trace, grpc-js prints the options of its channels. */
  toJSON(): string {
    return 'weft'
  }
}

export function bridgeOf(options: ChannelOptions): Bridge | undefined {
  const value: unknown = options[BRIDGE_OPTION]
  return value instanceof Bridge ? value : undefined
}
