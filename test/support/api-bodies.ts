/** Bodies for the API. */

export const RESOURCES = '/apis/networking.istio.io/v1/namespaces/default'
export const VS: string = `${RESOURCES}/virtualservices`
export const YAML = 'application/yaml'

export const virtualService = (
  name: string,
  http: unknown = [route()],
  metadata: object = {},
): Record<string, unknown> => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, ...metadata },
  spec: { hosts: [name], http },
})

export const route = (weight?: number, host = 'reviews'): object => ({
  route: [{ destination: { host }, ...(weight === undefined ? {} : { weight }) }],
})

export const registration = (given: object = {}): object => ({
  service: 'ratings',
  namespace: 'default',
  address: '127.0.0.1',
  ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 4_000, protocol: 'http' }],
  labels: { version: 'v1' },
  serviceAccount: 'default',
  locality: '',
  weight: 1,
  adminPort: 15_801,
  ...given,
})
