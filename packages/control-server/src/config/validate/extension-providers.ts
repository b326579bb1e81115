import { isIpAddress } from '@weft/mesh-protocol'
import { child, item } from '../field-path.ts'
import { knownStatus } from '../http-status.ts'
import type { ExtensionProvider, ExternalAuthorization, ExternalAuthorizationHttp } from '../spec/extension-provider.ts'
import { checkDuration } from './durations.ts'
import { domainProblem, quote } from './hosts.ts'
import { checkPort } from './ports.ts'
import type { Report } from './report.ts'

/** Istio `processExtensionProvider`, `ValidateExtensionProviderEnvoyExtAuthzHTTP` and its sibling of gRPC. */
export function checkExtensionProviders(providers: readonly ExtensionProvider[], field: string, report: Report): void {
  const names = new Set<string>()
  for (const [index, { name = '', envoyExtAuthzHttp: http, envoyExtAuthzGrpc: grpc }] of providers.entries()) {
    const at = item(field, index)
    if (name === '') report.violation(child(at, 'name'), 'must not be empty')
    else if (names.has(name)) report.violation(child(at, 'name'), `${quote(name)} is there already`)
    names.add(name)
    if (http !== undefined && grpc !== undefined)
      report.violation(child(at, 'envoyExtAuthzGrpc'), 'cannot be given beside envoyExtAuthzHttp')
    if (http !== undefined) checkHttp(http, child(at, 'envoyExtAuthzHttp'), report)
    if (grpc !== undefined) checkCommon(grpc, child(at, 'envoyExtAuthzGrpc'), report)
  }
}

/** Statuses that an answer can end with. */
const FINAL = 200

function checkCommon(
  { service = '', port = 0, timeout, statusOnError = '' }: ExternalAuthorization,
  field: string,
  report: Report,
): void {
  report.check(child(field, 'service'), serviceProblem(service))
  checkPort(port, child(field, 'port'), report)
  checkDuration(timeout, child(field, 'timeout'), report)
  if (statusOnError !== '' && (knownStatus(statusOnError) ?? 0) < FINAL) {
    report.violation(child(field, 'statusOnError'), `${quote(statusOnError)} is no status of HTTP, such as "503"`)
  }
}

/** `[namespace/]host`. */
function serviceProblem(service: string): string | undefined {
  const slash = service.indexOf('/')
  const host = service.slice(slash + 1)
  const known = isIpAddress(host) || domainProblem(host) === undefined
  return slash !== 0 && known ? undefined : `${quote(service)} must be a host, or namespace/host`
}

const HEADERS = [
  'includeHeadersInCheck',
  'includeRequestHeadersInCheck',
  'headersToUpstreamOnAllow',
  'headersToDownstreamOnAllow',
  'headersToDownstreamOnDeny',
] as const

function checkHttp(provider: ExternalAuthorizationHttp, field: string, report: Report): void {
  checkCommon(provider, field, report)
  const { pathPrefix = '' } = provider
  if (pathPrefix !== '' && !pathPrefix.startsWith('/'))
    report.violation(child(field, 'pathPrefix'), 'must begin with /')
  for (const name of HEADERS) {
    for (const [index, header] of (provider[name] ?? []).entries()) {
      const at = item(child(field, name), index)
      if (header === '') report.violation(at, 'must not be empty')
      if (header === '*')
        report.violation(at, 'must be a name, or its beginning or end with a wildcard: not all of them')
    }
  }
}
