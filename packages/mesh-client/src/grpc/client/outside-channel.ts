import type { ChannelInterface as Channel, ChannelOptions } from '@grpc/grpc-js'
import type { ChannelParts } from '../edges.ts'
import type { GrpcJs } from '../grpc-js.ts'
import { BRIDGE_OPTION, BRIDGE_SETTINGS } from './bridge-options.ts'

/**
 * The channel of grpc-js itself to a host that is not of the mesh: its own resolver, balancing, retries and connections, as if there were
 * no mesh. With the mesh's credentials it is plaintext; with others, as these say.
 *
 * @param target as grpc-js understands it, e.g. `dns:///payments.example:443`
 */
export function createOutsideChannel(grpc: GrpcJs, { credentials, options }: ChannelParts, target: string): Channel {
  return new grpc.Channel(target, credentials, plainOptions(options))
}

/** What grpc-js asks DNS for, for a host and port of the mesh's way to write them. */
export function outsideTarget(hostname: string, port: number): string {
  return `dns:///${hostname}:${port}`
}

/** Without what is said to the bridge; another value of a setting is the application's own. */
function plainOptions(options: ChannelOptions): ChannelOptions {
  const { [BRIDGE_OPTION]: _bridge, channelFactoryOverride: _factory, ...plain } = options
  for (const [name, value] of Object.entries(BRIDGE_SETTINGS)) if (plain[name] === value) delete plain[name]
  return plain
}
