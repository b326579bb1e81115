import { AsyncResource } from 'node:async_hooks'
import type { IncomingHttpHeaders } from 'node:http'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import type { EndpointState } from '../../cluster/types.ts'
import { resetCodeOf } from '../../http/http2/reset-code.ts'
import type { EngineController } from '../../http/outbound/outbound.ts'
import { statusOfFailure } from '../wire/failure-status.ts'
import { FrameReader, FrameTooLarge } from '../wire/frame-reader.ts'
import { bareStatus, type StreamStatus, statusOfHeaders, statusOfHttp, statusOfNothing } from '../wire/stream-status.ts'
import { FrameSource, type MessageCallback } from './frame-source.ts'
import type { StreamListener, StreamRequest } from './stream-types.ts'
import { throwToProcess } from './throw-to-process.ts'

type Controller = Dispatcher.DispatchController

/** What is read ahead of who listens; each frame counts as somewhat more than its bytes. */
const READ_AHEAD_BYTES = 64 * 1024
const FRAME_OVERHEAD_BYTES = 64

/**
 * One stream of gRPC as one request of the mesh's engine: frames in, headers, frames and a status out. A request that is
 * complete when it is opened costs one buffer, any other a source that the connection takes frames from.
 */
export class GrpcStream extends AsyncResource implements Dispatcher.DispatchHandler {
  readonly #dispatcher: Dispatcher
  readonly #listener: StreamListener
  readonly #reader: FrameReader
  readonly #source = new FrameSource()
  #halfClosed = false
  #controller: EngineController | undefined = undefined
  #endpoint: EndpointState | undefined = undefined
  #httpStatus = 0
  /** Headers that are all of the response, as far as anybody has said. */
  #held: IncomingHttpHeaders | undefined = undefined
  #frames: Buffer[] = []
  #unreadBytes = 0
  #paused = false
  #wanted = false
  #delivering = false
  #status: StreamStatus | undefined = undefined
  #told = false

  /** @param maxReceiveBytes the longest message that is taken; -1: any */
  constructor(dispatcher: Dispatcher, listener: StreamListener, maxReceiveBytes: number) {
    super('WeftGrpcStream', { requireManualDestroy: true })
    this.#dispatcher = dispatcher
    this.#listener = listener
    this.#reader = new FrameReader(maxReceiveBytes)
  }

  /** Who answers, or is asked now; absent where nobody is. */
  get endpoint(): EndpointState | undefined {
    return this.#endpoint ?? this.#controller?.endpoint
  }

  /** Makes the request. What has been sent and half-closed before goes as one piece. */
  open({ origin, path, headers }: StreamRequest): void {
    if (this.#status !== undefined) return
    this.#httpStatus = 0
    this.#held = undefined
    const options = {
      origin,
      path,
      method: 'POST',
      headers: headers as string[],
      body: this.#halfClosed ? this.#source.whole() : this.#source,
      headersTimeout: 0,
      bodyTimeout: 0,
    }
    this.#dispatcher.dispatch(options as unknown as Dispatcher.DispatchOptions, this)
  }

  /** @param sent called when the connection has taken the frame; without it nobody is told */
  send(frame: Buffer, sent?: MessageCallback): void {
    if (this.#status === undefined) this.#source.push(frame, sent)
    else if (sent !== undefined) process.nextTick(sent)
  }

  halfClose(): void {
    if (this.#halfClosed) return
    this.#halfClosed = true
    this.#source.end()
  }

  /** Asks for one message. */
  read(): void {
    this.#wanted = true
    if (!this.#delivering && this.#frames.length > 0) process.nextTick(deliverLater, this)
  }

  /** Ends the stream from this side: the server is sent a RST_STREAM, and the status told is this one. */
  cancel(code: number, details: string): void {
    const ended = this.#status
    // An answer that was good but for what stands in it is not good.
    if (this.#told || (ended !== undefined && ended.code !== GRPC_STATUS.OK)) return
    this.#endpoint = this.endpoint
    this.#end(bareStatus(code, details))
    if (ended === undefined) this.#controller?.abort(new Error(details))
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller as EngineController
  }

  onResponseStart(controller: Controller, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.#status !== undefined) return
    const { endpoint, headOnly } = controller as EngineController
    this.#endpoint = endpoint
    this.#httpStatus = status
    if (headOnly) this.#held = headers
    else this.runInAsyncScope(this.#tellHeaders, this, headers)
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#status !== undefined) return
    this.runInAsyncScope(this.#received, this, chunk)
  }

  onResponseEnd(_controller: Controller, trailers: IncomingHttpHeaders): void {
    if (this.#status === undefined) this.runInAsyncScope(this.#ended, this, trailers)
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#status === undefined) this.runInAsyncScope(this.#failed, this, error)
  }

  #received(chunk: Buffer): void {
    this.#releaseHeld()
    const { length } = this.#frames
    try {
      this.#reader.read(chunk, this.#frames)
    } catch (error) {
      this.#unreadable(error)
      return
    }
    for (let index = length; index < this.#frames.length; index++) {
      this.#unreadBytes += (this.#frames[index] as Buffer).length + FRAME_OVERHEAD_BYTES
    }
    this.deliver()
    if (this.#unreadBytes > READ_AHEAD_BYTES && !this.#paused && this.#status === undefined) {
      this.#paused = true
      this.#controller?.pause()
    }
  }

  /** A page of an error is no message: its status says more than that it is too long for one. */
  #unreadable(error: unknown): void {
    if (!(error instanceof FrameTooLarge)) throw error
    const told = this.#httpStatus === 200 ? undefined : statusOfHttp(this.#httpStatus)
    this.cancel(told?.code ?? GRPC_STATUS.RESOURCE_EXHAUSTED, told?.details ?? error.message)
  }

  #ended(trailers: IncomingHttpHeaders): void {
    if (hasAny(trailers)) {
      this.#releaseHeld()
      this.#end(statusOfHeaders(trailers, this.#httpStatus))
    } else if (this.#held !== undefined) {
      this.#endOrWait(statusOfHeaders(this.#held, this.#httpStatus))
    } else {
      this.#end(statusOfNothing(this.#httpStatus))
    }
  }

  #failed(error: Error): void {
    const status = statusOfFailure(error, resetCodeOf(error))
    this.#releaseHeld()
    if (this.#httpStatus === 0) this.#endOrWait(status)
    else this.#end(status)
  }

  #endOrWait(status: StreamStatus): void {
    if (this.#source.untouched && this.#listener.mayOpenAgain?.(status) === true) return
    this.#end(status)
  }

  #releaseHeld(): void {
    const headers = this.#held
    if (headers === undefined) return
    this.#held = undefined
    this.#tellHeaders(headers)
  }

  #tellHeaders(headers: IncomingHttpHeaders): void {
    try {
      this.#listener.onHeaders(headers)
    } catch (error) {
      throwToProcess(error)
    }
  }

  /** Gives on what is asked for. Not to be called from outside. */
  deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (this.#wanted && this.#frames.length > 0 && !this.#told) this.#deliverOne()
    this.#delivering = false
    if (this.#frames.length === 0) this.#caughtUp()
  }

  #deliverOne(): void {
    const frame = this.#frames.shift() as Buffer
    this.#unreadBytes -= frame.length + FRAME_OVERHEAD_BYTES
    this.#wanted = false
    try {
      this.#listener.onFrame(frame)
    } catch (error) {
      throwToProcess(error)
    }
  }

  #caughtUp(): void {
    if (this.#paused) {
      this.#paused = false
      this.#controller?.resume()
    }
    if (this.#status !== undefined) this.#tellStatus()
  }

  /** What was read ahead of a failure is not told any more, as by grpc-js. */
  #end(status: StreamStatus): void {
    this.#status = status
    this.#source.abandon()
    if (status.code !== GRPC_STATUS.OK) this.#frames = []
    if (this.#frames.length > 0) this.#listener.onUnread?.()
    else if (!this.#delivering) this.#tellStatus()
  }

  #tellStatus(): void {
    if (this.#told) return
    this.#told = true
    process.nextTick(tellLater, this)
  }

  /** Not to be called from outside. */
  tell(): void {
    // Whoever keeps the call keeps no request of the engine.
    this.#endpoint = this.endpoint
    this.#controller = undefined
    this.#listener.onStatus(this.#status as StreamStatus)
  }
}

function deliverLater(stream: GrpcStream): void {
  stream.runInAsyncScope(stream.deliver, stream)
}

function tellLater(stream: GrpcStream): void {
  stream.runInAsyncScope(stream.tell, stream)
}

function hasAny(headers: IncomingHttpHeaders): boolean {
  for (const _name in headers) return true
  return false
}
