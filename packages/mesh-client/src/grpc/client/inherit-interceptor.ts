import type { InterceptingCall, Interceptor, InterceptorOptions, Metadata } from '@grpc/grpc-js'
import type { BoundCalls } from '../../context/bound-calls.ts'
import type { RequestContext } from '../../context/request-context.ts'
import { BAGGAGE_HEADER } from '../../kernel/header-names.ts'
import type { MeshInternals } from '../../mesh/internals.ts'
import { mergeBaggage } from '../../routing/baggage.ts'
import type { GrpcJs } from '../grpc-js.ts'

type Deadline = InterceptorOptions['deadline']

/**
 * Lets what follows an inbound request follow the calls of a channel that is not of the mesh, while that request is served: its deadline,
 * its cancellation, the trace and the propagated metadata. What the application says itself counts first, of two deadlines the sooner.
 * On a channel of the mesh, which does the same, it changes nothing.
 */
export function inheritInterceptor(grpc: GrpcJs, { context, clock }: MeshInternals): Interceptor {
  return (options, nextCall) => {
    const request = context.getStore()
    if (request === undefined) return new grpc.InterceptingCall(nextCall(options))
    const { deadline, boundCalls } = request
    const limited = deadline === undefined ? options : withDeadline(options, clock.wallNow() + deadline - clock.now())
    const call: InterceptingCall = new grpc.InterceptingCall(nextCall(limited), {
      start(metadata, listener, next) {
        inheritMetadata(metadata, request)
        if (boundCalls === undefined) next(metadata, listener)
        else {
          const leave = bind(grpc, call, boundCalls)
          next(metadata, {
            onReceiveStatus(status, tell) {
              leave()
              tell(status)
            },
          })
        }
      },
    })
    return call
  }
}

function withDeadline(options: InterceptorOptions, deadline: number): InterceptorOptions {
  return { ...options, deadline: sooner(options.deadline, deadline) }
}

function sooner(given: Deadline, deadline: number): number {
  if (given === undefined) return deadline
  return Math.min(given instanceof Date ? given.getTime() : given, deadline)
}

function inheritMetadata(metadata: Metadata, { headers, baggage }: RequestContext): void {
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    if (metadata.get(name).length === 0) metadata.set(name, headers[index + 1] as string)
  }
  if (baggage === undefined) return
  const given = metadata.get(BAGGAGE_HEADER).join(',')
  metadata.set(BAGGAGE_HEADER, given === '' ? baggage : mergeBaggage(given, baggage))
}

/** Ends the call when the caller of the request has left; gives back what to do when it has ended before. */
function bind(grpc: GrpcJs, call: InterceptingCall, calls: BoundCalls): () => void {
  const bound = {
    callerLeft: () =>
      call.cancelWithStatus(grpc.status.CANCELLED, 'The caller of the request that this call is made for has left.'),
  }
  if (!calls.add(bound)) process.nextTick(bound.callerLeft)
  return () => calls.delete(bound)
}
