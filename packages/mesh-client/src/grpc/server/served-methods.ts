import type { Server } from '@grpc/grpc-js'
import type { RpcMethods } from '../../kernel/tracing.ts'
import { methodsOf } from './grpc-server.ts'

/** What a server of grpc-js keeps of a method. */
interface Handler {
  readonly func?: unknown
}

/**
 * The methods that a server has at the moment of asking. `@opentelemetry/instrumentation-grpc` wraps the function of each as it is
 * registered and makes a span where it runs: one of ours would stand beside it.
 */
export function servedMethods(server: Server): RpcMethods {
  return {
    isKnown: (path) => methodsOf(server)?.has(path),
    isTraced(path) {
      const func = (methodsOf(server)?.get(path) as Handler | undefined)?.func
      return typeof func === 'function' && '__wrapped' in func
    },
  }
}
