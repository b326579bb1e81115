import { RequestFacts } from './request-facts.ts'

/** Whether a server has the method of a path; `undefined`: that cannot be found out. */
export type KnowsMethod = (path: string) => boolean | undefined

/** What a tracer may ask of a call of gRPC that a server of gRPC takes. */
export class StreamFacts extends RequestFacts {
  readonly #knowsMethod: KnowsMethod | undefined

  constructor(
    ...[request, isGrpc, carrier, knowsMethod]: [...ConstructorParameters<typeof RequestFacts>, KnowsMethod?]
  ) {
    super(request, isGrpc, carrier)
    this.#knowsMethod = knowsMethod
  }

  get isKnownMethod(): boolean | undefined {
    return this.#knowsMethod?.(this.path)
  }
}
