import {
  DEFAULT_EXT_AUTHZ_STATUS_ON_ERROR,
  DEFAULT_EXT_AUTHZ_TIMEOUT_MS,
  type ExtAuthzProvider,
  serviceHost,
} from '@weft/mesh-protocol'
import { positiveMilliseconds } from '../../config/duration.ts'
import type {
  ExtensionProvider,
  ExternalAuthorization,
  ExternalAuthorizationHttp,
} from '../../config/spec/extension-provider.ts'

/** The provider of this name as a client asks it; `undefined`: there is none that decides about requests. */
export function extAuthzProvider(
  providers: readonly ExtensionProvider[],
  name: string,
  domain: string,
): ExtAuthzProvider | undefined {
  const { envoyExtAuthzHttp: http, envoyExtAuthzGrpc: grpc } = providers.find((each) => each.name === name) ?? {}
  if (http !== undefined) return { protocol: 'http', ...common(http, domain), ...ofHttp(http) }
  return grpc === undefined ? undefined : { protocol: 'grpc', ...common(grpc, domain) }
}

function common(provider: ExternalAuthorization, domain: string): Omit<ExtAuthzProvider, 'protocol'> {
  const { service, port, timeout, failOpen = false, statusOnError = '', includeRequestBodyInCheck: body } = provider
  return {
    host: hostOf(service, domain),
    port,
    timeoutMs: positiveMilliseconds(timeout) ?? DEFAULT_EXT_AUTHZ_TIMEOUT_MS,
    failOpen,
    statusOnError: statusOnError === '' ? DEFAULT_EXT_AUTHZ_STATUS_ON_ERROR : Number(statusOnError),
    ...(body === undefined
      ? {}
      : {
          includeRequestBodyInCheck: {
            maxRequestBytes: body.maxRequestBytes ?? 0,
            allowPartialMessage: body.allowPartialMessage ?? false,
            packAsBytes: body.packAsBytes ?? false,
          },
        }),
  }
}

/** `[namespace/]host`; a name without dots is a service of that namespace. */
function hostOf(service: string, domain: string): string {
  const slash = service.lastIndexOf('/')
  const host = service.slice(slash + 1).toLowerCase()
  return slash < 0 || host.includes('.') ? host : serviceHost(host, service.slice(0, slash), domain)
}

const LISTS = ['headersToUpstreamOnAllow', 'headersToDownstreamOnAllow', 'headersToDownstreamOnDeny'] as const

function ofHttp(provider: ExternalAuthorizationHttp): Partial<ExtAuthzProvider> {
  const {
    pathPrefix = '',
    includeRequestHeadersInCheck,
    includeHeadersInCheck,
    includeAdditionalHeadersInCheck,
  } = provider
  const shown = lowerCase(includeRequestHeadersInCheck) ?? lowerCase(includeHeadersInCheck)
  const lists = LISTS.flatMap((name) => {
    const names = lowerCase(provider[name])
    return names === undefined ? [] : [[name, names]]
  })
  return {
    ...(pathPrefix === '' ? {} : { pathPrefix }),
    ...(shown === undefined ? {} : { includeRequestHeadersInCheck: shown }),
    ...(includeAdditionalHeadersInCheck === undefined ? {} : { includeAdditionalHeadersInCheck }),
    ...Object.fromEntries(lists),
  }
}

function lowerCase(names: readonly string[] | undefined): readonly string[] | undefined {
  return names === undefined || names.length === 0 ? undefined : names.map((name) => name.toLowerCase())
}
