import type { PeakEwmaConfig } from '@weft/mesh-protocol'
import { failureRttMs, isFailedAnswer } from '../balancing/failure-penalty.ts'
import type { Clock } from '../kernel/clock.ts'
import { firstValue } from '../kernel/first-value.ts'
import { GRPC_STATUS_HEADER } from '../kernel/header-names.ts'
import { PeakEwma } from '../kernel/peak-ewma.ts'
import { retryAfterMs } from '../kernel/retry-after.ts'
import type { AnswerHeaders, AnswerLearner, EndpointState, Outcome } from './types.ts'

/**
 * Learns how fast endpoints answer, for PEAK_EWMA. Each attempt counts once: at its response head, or at its end where
 * none has come. The head is where a failure can be told, and a long download is no slow answer; a stream that is slow
 * after its head shows in the requests under way, which are counted to their end.
 */
export class LatencyObserver implements AnswerLearner {
  readonly #config: PeakEwmaConfig
  readonly #clock: Clock

  constructor(config: PeakEwmaConfig, clock: Clock) {
    this.#config = config
    this.#clock = clock
  }

  /** A final response head has come. */
  answered(state: EndpointState, startedAt: number, now: number, status: number, headers: AnswerHeaders): void {
    if (!isFailedAnswer(status, firstValue(headers[GRPC_STATUS_HEADER]))) this.#learn(state, now - startedAt, now)
    else this.#failed(state, now, status === 429 || status === 503 ? this.#hint(headers) : undefined)
  }

  /** A head has told what there is to know, but for a gRPC call that fails after it: its endpoint did not answer well in time. */
  trailed(state: EndpointState, now: number, trailers: AnswerHeaders): void {
    if (isFailedAnswer(200, firstValue(trailers[GRPC_STATUS_HEADER]))) this.#failed(state, now, undefined)
  }

  /** The attempt is over without a response head. */
  ended(state: EndpointState, startedAt: number, now: number, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'connectFailure':
      case 'reset':
      case 'timeout':
        this.#failed(state, now, undefined)
        return
      case 'aborted':
        // Who gives up says only that it would have taken longer.
        if (now - startedAt > this.#current(state, now)) this.#learn(state, now - startedAt, now)
        return
      case 'response':
      case 'localOverflow':
    }
  }

  #failed(state: EndpointState, now: number, hintMs: number | undefined): void {
    this.#learn(state, failureRttMs(this.#config, this.#current(state, now), hintMs), now)
  }

  #current(state: EndpointState, now: number): number {
    return state.latency?.at(now, this.#config.decayTimeMs) ?? 0
  }

  #learn(state: EndpointState, rttMs: number, now: number): void {
    if (state.latency === undefined) state.latency = new PeakEwma(rttMs, now)
    else state.latency.observe(rttMs, now, this.#config.decayTimeMs)
  }

  #hint(headers: AnswerHeaders): number | undefined {
    const value = firstValue(headers['retry-after'])
    return value === undefined ? undefined : retryAfterMs(value, this.#clock.wallNow())
  }
}
