import type { ChannelOptions, experimental } from '@grpc/grpc-js'
import { MeshError } from '../../kernel/errors.ts'
import { grpcJs, loadedGrpcJs } from '../grpc-js.ts'
import { BridgeCall, type BridgePlace, type SubchannelCall, type SubchannelCallListener } from './bridge-call.ts'
import { bridgeOf } from './bridge-options.ts'
import { channelSettings } from './channel-settings.ts'
import { WaitingCalls } from './waiting-calls.ts'

type Helper = experimental.ChannelControlHelper
type SubchannelInterface = experimental.SubchannelInterface
type Metadata = experimental.PickArgs['metadata']

/** Of the load balancing policy whose picks the mesh makes. */
export const BRIDGE_POLICY = 'weft'

/** `{ "weft": { "origin": "http://greeter:50051" } }` */
export class BridgePolicyConfig implements experimental.TypedLoadBalancingConfig {
  readonly origin: string

  constructor(origin: string) {
    this.origin = origin
  }

  static createFromJson({ origin }: { readonly origin?: unknown }): BridgePolicyConfig {
    if (typeof origin !== 'string')
      throw new MeshError('WEFT_CONFIG', `The policy ${BRIDGE_POLICY} is made by weft: targets only.`)
    return new BridgePolicyConfig(origin)
  }

  getLoadBalancerName(): string {
    return BRIDGE_POLICY
  }

  toJsonObject(): object {
    return { [BRIDGE_POLICY]: { origin: this.origin } }
  }
}

/**
 * Always ready, with one subchannel that is never connected: each call on it becomes a call of the mesh, which chooses its endpoint,
 * attempt by attempt, over connections of its own. So no push comes here, and none makes a connection.
 */
export class BridgePolicy implements experimental.LoadBalancer {
  readonly #helper: Helper
  #subchannel: SubchannelInterface | undefined = undefined
  #waiting = new WaitingCalls()

  constructor(helper: Helper) {
    this.#helper = helper
  }

  updateAddressList(
    _endpoints: unknown,
    config: experimental.TypedLoadBalancingConfig,
    options: ChannelOptions,
  ): boolean {
    const bridge = bridgeOf(options)
    if (!(config instanceof BridgePolicyConfig) || bridge?.mesh === undefined) return false
    if (this.#subchannel === undefined) {
      const settings = channelSettings(options, loadedGrpcJs.version ?? '')
      this.#begin({ mesh: bridge.mesh, origin: config.origin, settings, waiting: this.#waiting })
    }
    return true
  }

  exitIdle(): void {}

  resetBackoff(): void {}

  /** The channel is closed or idle, or its host has left the mesh. It may be used again. */
  destroy(): void {
    this.#subchannel?.unref()
    this.#subchannel = undefined
    this.#waiting.close()
    this.#waiting = new WaitingCalls()
  }

  getTypeName(): string {
    return BRIDGE_POLICY
  }

  #begin(place: BridgePlace): void {
    // What of a channel's credentials belongs to calls can be asked of its subchannels only.
    const idle = this.#helper.createSubchannel({ path: `weft:${place.origin}` }, {})
    idle.ref()
    this.#subchannel = idle
    const picker = new BridgePicker(place, readySubchannel(idle, place))
    const { READY } = grpcJs.connectivityState
    this.#helper.updateState(READY, picker, null)
    // Whoever asks for the state and then waits for it to change was told of the one before this.
    process.nextTick(() => {
      if (this.#subchannel === idle) this.#helper.updateState(READY, picker, null)
    })
  }
}

class BridgePicker implements experimental.Picker {
  readonly #place: BridgePlace
  readonly #picked: experimental.PickResult
  readonly #wait: experimental.PickResult

  constructor(place: BridgePlace, subchannel: SubchannelInterface) {
    const { COMPLETE, QUEUE } = grpcJs.experimental.PickResultType
    const nothing = { status: null, onCallStarted: null, onCallEnded: null }
    this.#place = place
    this.#picked = { ...nothing, pickResultType: COMPLETE, subchannel }
    this.#wait = { ...nothing, pickResultType: QUEUE, subchannel: null }
  }

  pick(): experimental.PickResult {
    const { mesh, origin } = this.#place
    // The host has left the mesh: this picker is there only until DNS has answered for it.
    return mesh.outbound.targets.resolve(origin).kind === 'outside' ? this.#wait : this.#picked
  }
}

/** A subchannel that is ready without a connection. */
function readySubchannel(idle: SubchannelInterface, place: BridgePlace): SubchannelInterface {
  const { READY } = grpcJs.connectivityState
  const real = {
    createCall: (
      metadata: Metadata,
      host: string,
      method: string,
      listener: SubchannelCallListener,
      callNumber: number,
    ): SubchannelCall => new BridgeCall(place, { metadata, host, method, listener, callNumber }),
  }
  class ReadySubchannel extends grpcJs.experimental.BaseSubchannelWrapper {
    override getConnectivityState(): typeof READY {
      return READY
    }

    override getRealSubchannel(): ReturnType<SubchannelInterface['getRealSubchannel']> {
      return real as unknown as ReturnType<SubchannelInterface['getRealSubchannel']>
    }
  }
  return new ReadySubchannel(idle)
}
