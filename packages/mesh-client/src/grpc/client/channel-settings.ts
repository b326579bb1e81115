import type { ChannelOptions } from '@grpc/grpc-js'
import { DEFAULT_GRPC_MAX_RECEIVE_BYTES } from '@weft/mesh-protocol'
import { encodingOf, type MessageEncoding } from '../wire/compression.ts'

const ANY_LENGTH = -1

/** What of a channel's options its calls need. */
export interface ChannelSettings {
  /** -1: any length. */
  readonly maxReceiveBytes: number
  readonly maxSendBytes: number
  readonly encoding: MessageEncoding
  readonly userAgent: string
  /** `:authority`, where it is not the target's. */
  readonly authority: string | undefined
}

/** @param version of grpc-js, as its own channels tell it */
export function channelSettings(options: ChannelOptions, version: string): ChannelSettings {
  const agents = [options['grpc.primary_user_agent'], `grpc-node-js/${version}`, options['grpc.secondary_user_agent']]
  const authority = options['grpc.default_authority']
  return {
    maxReceiveBytes: options['grpc.max_receive_message_length'] ?? DEFAULT_GRPC_MAX_RECEIVE_BYTES,
    maxSendBytes: options['grpc.max_send_message_length'] ?? ANY_LENGTH,
    encoding: encodingOf(options['grpc.default_compression_algorithm']) ?? 'identity',
    userAgent: agents.filter((agent) => agent !== undefined && agent !== '').join(' '),
    authority: authority === undefined || authority === '' ? undefined : authority,
  }
}
