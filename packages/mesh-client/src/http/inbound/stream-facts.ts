import type { RpcMethods } from '../../kernel/tracing.ts'
import { RequestFacts } from './request-facts.ts'

/** What a tracer may ask of a call of gRPC that a server of gRPC takes. */
export class StreamFacts extends RequestFacts {
  readonly #methods: RpcMethods | undefined

  constructor(...[request, isGrpc, carrier, methods]: [...ConstructorParameters<typeof RequestFacts>, RpcMethods?]) {
    super(request, isGrpc, carrier)
    this.#methods = methods
  }

  get isKnownMethod(): boolean | undefined {
    return this.#methods?.isKnown(this.path)
  }

  get hasOtherSpan(): boolean {
    return this.#methods?.isTraced(this.path) === true
  }
}
