import type { ClientSideWeightedRoundRobinConfig } from '@weft/mesh-protocol'
import { reportedWeight } from '../balancing/reported-weight.ts'
import { readLoadReport } from '../kernel/load-report.ts'
import { ReportedLoad } from '../kernel/reported-load.ts'
import type { AnswerHeaders, AnswerLearner, EndpointState } from './types.ts'

/**
 * Reads what endpoints report of their load in the headers of their answers, or in the trailers, which come last and
 * count last. A report that cannot be read is as none. Who asked is given them as they are.
 */
export class LoadObserver implements AnswerLearner {
  readonly #config: ClientSideWeightedRoundRobinConfig

  constructor(config: ClientSideWeightedRoundRobinConfig) {
    this.#config = config
  }

  answered(state: EndpointState, _startedAt: number, now: number, _status: number, headers: AnswerHeaders): void {
    this.#learn(state, now, headers)
  }

  trailed(state: EndpointState, now: number, trailers: AnswerHeaders): void {
    this.#learn(state, now, trailers)
  }

  /** Nothing was answered. */
  ended(): void {}

  #learn(state: EndpointState, now: number, headers: AnswerHeaders): void {
    const report = readLoadReport(headers)
    const weight = report === undefined ? undefined : reportedWeight(report, this.#config)
    if (weight === undefined) return
    if (state.reportedLoad === undefined) state.reportedLoad = new ReportedLoad(weight, now)
    else state.reportedLoad.learn(weight, now, this.#config)
  }
}
