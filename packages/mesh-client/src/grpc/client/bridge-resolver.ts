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

/** Policy is the mesh's own matter, below the channel. */
const AS_IT_IS: CallConfig = {
  methodConfig: { name: [] },
  pickInformation: {},
  status: 0,
  dynamicFilterFactories: [],
}

/**
 * Resolves targets of the mesh for a channel that grpc-js makes itself: to the policy that hands each call to the mesh, and where a host is
 * outside it, to what DNS says. What is pushed never comes to the channel; only a host that joins or leaves the mesh does, with the next
 * call to it.
 *
 * A host of the mesh is answered at once, within `updateResolution`: a call that had to wait for it would go on in the context of another.
 * grpc-js 1.14 takes that, though it promises its listeners otherwise.
 */
export class BridgeResolver implements experimental.Resolver {
  readonly #listener: ResolverListener
  readonly #options: ChannelOptions
  readonly #bridge: Bridge
  readonly #target: MeshTarget
  /** One for as long as the resolver lives: a new one would be a new argument of every connection. */
  readonly #selector: experimental.ConfigSelector
  #answered: 'of-mesh' | 'outside' | undefined = undefined
  #dns: experimental.Resolver | undefined = undefined
  #held: (HeldCall & { over: boolean }) | undefined = undefined

  /** @throws MeshError `WEFT_CONFIG` for options without a mesh, and for a target that names no host. */
  constructor(target: experimental.GrpcUri, listener: ResolverListener, options: ChannelOptions) {
    const bridge = bridgeOf(options)
    if (bridge === undefined) throw new MeshError('WEFT_CONFIG', noMesh(target))
    this.#bridge = bridge
    this.#listener = listener
    this.#options = options
    this.#target = meshTarget(target)
    this.#selector = {
      invoke: () => {
        this.#follow()
        return AS_IT_IS
      },
      unref() {},
    }
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path.replace(/^\/+/, '')
  }

  updateResolution(): void {
    const kind = this.#kind()
    if (kind === 'undecided') this.#hold()
    else this.#answer(kind === 'outside')
  }

  destroy(): void {
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
    if (this.#bridge.mesh === undefined || this.#answered === undefined) return
    const kind = this.#kind()
    if (kind === 'undecided') return
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
        const outside = kind === 'outside' || kind === 'undecided'
        // Calls that have waited go on from here: better in no context than in that of the first of them.
        mesh.context.exit(() => this.#answer(outside))
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
    this.#listener(
      experimental.statusOrFromValue([]),
      { [experimental.CHANNEL_ARGS_CONFIG_SELECTOR_KEY]: this.#selector },
      experimental.statusOrFromValue({
        methodConfig: [],
        loadBalancingConfig: [{ [BRIDGE_POLICY]: { origin: this.#target.origin } }],
      }),
      '',
    )
  }

  #resolveByName(): experimental.Resolver {
    const { experimental } = grpcJs
    const { hostname, port } = this.#target
    const target = { scheme: 'dns', path: `${hostname}:${port}` }
    const listener: ResolverListener = (endpoints, attributes, serviceConfig, note) =>
      this.#listener(endpoints, { ...attributes, ...this.#selecting() }, serviceConfig, note)
    return experimental.createResolver(target, listener, this.#options)
  }

  /** Looks at each call whether the host has joined the mesh. */
  #selecting(): Readonly<Record<string, unknown>> {
    if (this.#bridge.mesh === undefined) return {}
    return { [grpcJs.experimental.CHANNEL_ARGS_CONFIG_SELECTOR_KEY]: this.#selector }
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
