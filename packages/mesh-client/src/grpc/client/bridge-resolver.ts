import type { ChannelOptions, experimental } from '@grpc/grpc-js'
import type { HeldCall } from '../../http/outbound/policy-wait.ts'
import { MeshError } from '../../kernel/errors.ts'
import { grpcJs } from '../grpc-js.ts'
import { type MeshTarget, parseTarget } from '../wire/target.ts'
import { type Bridge, bridgeOf } from './bridge-options.ts'
import { BRIDGE_POLICY } from './bridge-policy.ts'

type ResolverListener = experimental.ResolverListener
type CallConfig = ReturnType<experimental.ConfigSelector['invoke']>

/** Of targets of the mesh: `weft:///greeter:50051`. */
export const WEFT_SCHEME = 'weft'

/**
 * Policy is the mesh's own matter, below the channel. One for all channels, as long as the process lives: a new one is a new argument of
 * every connection.
 */
const AS_IT_IS: CallConfig = {
  methodConfig: { name: [] },
  pickInformation: {},
  status: 0,
  dynamicFilterFactories: [],
}

const SELECTOR: experimental.ConfigSelector = { invoke: () => AS_IT_IS, unref() {} }

/**
 * Resolves targets of the mesh for a channel that grpc-js makes itself: to the policy that hands each call to the mesh, and where a host is
 * outside it, to what DNS says. What is pushed never comes to the channel; only that a host joins or leaves the mesh does.
 *
 * A host of the mesh is answered at once, within `updateResolution`: a call that had to wait for it would go on in the context of another.
 * grpc-js 1.14 takes that, though it promises its listeners otherwise.
 */
export class BridgeResolver implements experimental.Resolver {
  readonly #listener: ResolverListener
  readonly #options: ChannelOptions
  readonly #bridge: Bridge
  readonly #target: MeshTarget
  #answered: 'of-mesh' | 'outside' | undefined = undefined
  #dns: experimental.Resolver | undefined = undefined
  #held: (HeldCall & { over: boolean }) | undefined = undefined
  #stopListening: (() => void) | undefined = undefined

  /** @throws MeshError `WEFT_CONFIG` for options without a mesh, and for a target that names no host. */
  constructor(target: experimental.GrpcUri, listener: ResolverListener, options: ChannelOptions) {
    const bridge = bridgeOf(options)
    if (bridge === undefined) throw new MeshError('WEFT_CONFIG', noMesh(target))
    this.#bridge = bridge
    this.#listener = listener
    this.#options = options
    this.#target = meshTarget(target)
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path.replace(/^\/+/, '')
  }

  updateResolution(): void {
    const { mesh } = this.#bridge
    // Calls that have waited go on from there: better in no context than in that of whoever has brought the news.
    this.#stopListening ??= mesh?.policy.onChange(() => mesh.context.exit(() => this.#follow()))
    const kind = this.#kind()
    if (kind === 'undecided') this.#hold()
    else this.#answer(kind === 'outside')
  }

  destroy(): void {
    this.#stopListening?.()
    this.#stopListening = undefined
    if (this.#held !== undefined) this.#held.over = true
    this.#held = undefined
    this.#dns?.destroy()
    this.#dns = undefined
    this.#answered = undefined
  }

  #kind(): string {
    return this.#bridge.mesh?.outbound.targets.resolve(this.#target.origin).kind ?? 'outside'
  }

  /** A host may join or leave the mesh while the channel lives. */
  #follow(): void {
    const kind = this.#kind()
    if (this.#answered === undefined || kind === 'undecided') return
    const outside = kind === 'outside'
    if (outside !== (this.#answered === 'outside')) this.#answer(outside)
  }

  /** Until it is known where the host leads, or nobody waits any longer: then it counts as outside, as for all calls. */
  #hold(): void {
    const { mesh } = this.#bridge
    if (mesh === undefined || this.#held !== undefined) return
    this.#held = {
      origin: this.#target.origin,
      over: false,
      released: ({ kind }) => {
        this.#held = undefined
        mesh.context.exit(() => this.#answer(kind === 'outside' || kind === 'undecided'))
      },
    }
    mesh.outbound.targets.hold(this.#held, mesh.clock.now())
  }

  #answer(outside: boolean): void {
    this.#answered = outside ? 'outside' : 'of-mesh'
    if (outside) {
      this.#dns ??= this.#resolveByName()
      this.#dns.updateResolution()
      return
    }
    this.#dns?.destroy()
    this.#dns = undefined
    const { experimental } = grpcJs
    const { origin } = this.#target
    this.#listener(
      experimental.statusOrFromValue([]),
      { [experimental.CHANNEL_ARGS_CONFIG_SELECTOR_KEY]: SELECTOR },
      experimental.statusOrFromValue({ methodConfig: [], loadBalancingConfig: [{ [BRIDGE_POLICY]: { origin } }] }),
      '',
    )
  }

  #resolveByName(): experimental.Resolver {
    const { hostname, port } = this.#target
    const target = { scheme: 'dns', path: `${hostname}:${port}` }
    return grpcJs.experimental.createResolver(target, this.#listener, this.#options)
  }
}

/** @throws MeshError `WEFT_CONFIG` */
function meshTarget(target: experimental.GrpcUri): MeshTarget {
  const authority = BridgeResolver.getDefaultAuthority(target)
  const parsed = parseTarget(`weft:///${authority}`)
  if (parsed !== undefined) return parsed
  throw new MeshError('WEFT_CONFIG', `weft:///${authority} names no host: write weft:///host or weft:///host:port.`)
}

function noMesh(target: experimental.GrpcUri): string {
  const name = grpcJs.experimental.uriToString(target)
  return `A channel to ${name} needs the options of a mesh: new Channel('${name}', grpc.credentials(), grpc.channelOptions()).`
}
