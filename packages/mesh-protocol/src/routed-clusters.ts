import type { Route, RouteConfiguration } from './wire/route.ts'

/** Every cluster that a route configuration can send something to, mirrors included, without duplicates. */
export function routedClusters({ virtualHosts }: Pick<RouteConfiguration, 'virtualHosts'>): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { routes, tcpRoutes = [] } of virtualHosts) {
    for (const route of routes) addClusters(names, route)
    for (const { clusters } of tcpRoutes) for (const { cluster } of clusters) names.add(cluster)
  }
  return names
}

function addClusters(names: Set<string>, { route }: Route): void {
  if (route === undefined) return
  for (const { cluster } of route.requestMirrorPolicies ?? []) names.add(cluster)
  for (const destination of route.clusters) {
    if (destination.redirect === undefined) names.add(destination.cluster)
    for (const { cluster } of destination.requestMirrorPolicies ?? []) names.add(cluster)
  }
}
