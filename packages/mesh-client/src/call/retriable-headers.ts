import type { HeaderMatcher, RetryPolicy } from '@weft/mesh-protocol'
import { compileHeaderMatcher, type HeaderTest } from '../kernel/header-matcher.ts'
import type { ResponseHeader } from './retry-back-off.ts'

interface CompiledHeader {
  readonly name: string
  readonly test: HeaderTest
}

/**
 * The response headers that make an answer one to be retried, compiled when they are first looked at: most calls end
 * without. A matcher that cannot be compiled never holds.
 */
export class RetriableHeaders {
  readonly #compiled = new WeakMap<RetryPolicy, readonly CompiledHeader[]>()

  /** Whether one of them holds; `:status` counts as a header. Envoy `retry_state_impl.cc`, `wouldRetryFromHeaders`. */
  hold(policy: RetryPolicy, status: number, header: ResponseHeader): boolean {
    const { retriableHeaders } = policy
    if (retriableHeaders === undefined || retriableHeaders.length === 0) return false
    return this.#of(policy, retriableHeaders).some(({ name, test }) =>
      test(name === ':status' ? String(status) : header(name)),
    )
  }

  #of(policy: RetryPolicy, matchers: readonly HeaderMatcher[]): readonly CompiledHeader[] {
    const known = this.#compiled.get(policy)
    if (known !== undefined) return known
    const compiled = matchers.flatMap((matcher) => {
      const test = compileHeaderMatcher(matcher)
      return test.ok ? [{ name: matcher.name, test: test.value }] : []
    })
    this.#compiled.set(policy, compiled)
    return compiled
  }
}
