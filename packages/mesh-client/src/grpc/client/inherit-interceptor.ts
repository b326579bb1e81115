import type { InterceptingCall, Interceptor, InterceptorOptions, Metadata } from '@grpc/grpc-js'
import type { BoundCalls } from '../../context/bound-calls.ts'
import type { RequestContext } from '../../context/request-context.ts'
import { BAGGAGE_HEADER } from '../../kernel/header-names.ts'
import type { Tracing } from '../../kernel/tracing.ts'
import type { MeshInternals } from '../../mesh/internals.ts'
import { mergeBaggage } from '../../routing/baggage.ts'
import type { GrpcJs } from '../grpc-js.ts'
import { CALLER_LEFT } from './call-deadline.ts'

type Deadline = InterceptorOptions['deadline']

/** What can stand in metadata that is text. Source: grpc-js `metadata.ts`, `isLegalNonBinaryValue`. */
const TEXT = /^[ -~]*$/

/**
 * Lets what follows an inbound request follow the calls of a channel that is not of the mesh, while that request is served: its deadline,
 * its cancellation, the trace and the propagated metadata. What the application says itself counts first, of two deadlines the sooner.
 * With a tracer, whether a request is served or not, the context that is active goes with the call, as its propagators write it; the call
 * has no span by that. Where an instrumentation of grpc-js makes one, that is active and has been written so before.
 * On a channel of the mesh, which does the same, it changes nothing.
 */
export function inheritInterceptor(grpc: GrpcJs, { context, clock, tracing }: MeshInternals): Interceptor {
  return (options, nextCall) => {
    const request = context.getStore()
    const deadline = request?.deadline
    const limited = deadline === undefined ? options : withDeadline(options, clock.wallNow() + deadline - clock.now())
    const call: InterceptingCall = new grpc.InterceptingCall(nextCall(limited), {
      start(given, listener, next) {
        // The application may use the same for calls that are made for another request.
        const metadata = given.clone()
        if (request !== undefined) inheritMetadata(metadata, request)
        injectTrace(metadata, tracing)
        if (request?.boundCalls === undefined) next(metadata, listener)
        else {
          const leave = bind(grpc, call, request.boundCalls)
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
    if (metadata.get(name).length === 0) setHeader(metadata, name, headers[index + 1] as string)
  }
  if (baggage !== undefined) addBaggage(metadata, baggage, 'after')
}

/** In the place of what came with another span, where the application hands on the metadata of the call that it serves. */
function injectTrace(metadata: Metadata, tracing: Tracing): void {
  tracing.inject((name, value) => {
    if (name.toLowerCase() === BAGGAGE_HEADER) addBaggage(metadata, value, 'before')
    else setHeader(metadata, name, value)
  })
}

/** Of a key that is there already, members `before` go first and those `after` are left out. */
function addBaggage(metadata: Metadata, baggage: string, place: 'before' | 'after'): void {
  const given = metadata.get(BAGGAGE_HEADER).join(',')
  if (given === '') setHeader(metadata, BAGGAGE_HEADER, baggage)
  else {
    setHeader(
      metadata,
      BAGGAGE_HEADER,
      place === 'before' ? mergeBaggage(baggage, given) : mergeBaggage(given, baggage),
    )
  }
}

/** A header of HTTP as metadata; what cannot be any is left out, as it may come from a stranger. */
function setHeader(metadata: Metadata, name: string, value: string): void {
  if (name.endsWith('-bin')) metadata.set(name, Buffer.from(value, 'base64'))
  else if (TEXT.test(value)) metadata.set(name, value)
}

/** Ends the call when the caller of the request has left; gives back what to do when it has ended before. */
function bind(grpc: GrpcJs, call: InterceptingCall, calls: BoundCalls): () => void {
  const bound = {
    callerLeft: () => call.cancelWithStatus(grpc.status.CANCELLED, CALLER_LEFT),
  }
  if (!calls.add(bound)) process.nextTick(bound.callerLeft)
  return () => calls.delete(bound)
}
