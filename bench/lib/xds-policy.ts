import { packed, type XdsResources } from './ads-server.ts'

const ADS = { ads: {}, resource_api_version: 'V3' }

const minutes = (count: number): object => ({ seconds: count * 60 })
const seconds = (count: number): object => ({ seconds: count })
const value = (number: number): object => ({ value: number })

/**
 * What `POLICY` of control.ts says, as far as proxyless gRPC can be told it: ten routes, two weighted clusters of one endpoint each,
 * retries, ejection, a limit of requests. Of the ninth route it sees a header where `POLICY` has a query, and the picker is round robin.
 */
export function xdsPolicy(host: string, ports: readonly number[], weightOfFirst = 50): XdsResources {
  const clusters = ports.map((port, index) => ({ name: `v${index + 1}`, port }))
  return {
    LDS: { [host]: listener(host) },
    RDS: { [host]: routes(host, weightOfFirst) },
    CDS: Object.fromEntries(clusters.map(({ name }) => [name, cluster(name)])),
    EDS: Object.fromEntries(clusters.map(({ name, port }) => [name, assignment(name, port)])),
  }
}

function listener(host: string): object {
  const router = packed('envoy.extensions.filters.http.router.v3.Router', {})
  return packed('envoy.config.listener.v3.Listener', {
    name: host,
    api_listener: {
      api_listener: packed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
        rds: { route_config_name: host, config_source: ADS },
        http_filters: [{ name: 'router', typed_config: router }],
      }),
    },
  })
}

function routes(host: string, weightOfFirst: number): object {
  const weights = [weightOfFirst, 100 - weightOfFirst]
  const to = (cluster: string): object => ({ route: { cluster } })
  const header = (name: string, string_match: object): object => ({ name, string_match })
  const all = [
    ...Array.from({ length: 7 }, (_, i) => ({
      match: { prefix: `/section-${i}/`, headers: [header('x-user', { exact: `user-${i}` })] },
      ...to('v1'),
    })),
    { match: { prefix: '', headers: [header('x-agent', { safe_regex: { regex: '.*iPhone.*' } })] }, ...to('v2') },
    { match: { prefix: '', headers: [header('x-debug', { exact: '1' })] }, ...to('v2') },
    {
      match: { prefix: '' },
      route: {
        weighted_clusters: {
          clusters: weights.map((weight, index) => ({ name: `v${index + 1}`, weight: value(weight) })),
        },
        max_stream_duration: { max_stream_duration: seconds(10) },
        retry_policy: { retry_on: 'unavailable', num_retries: value(3) },
      },
    },
  ]
  return packed('envoy.config.route.v3.RouteConfiguration', {
    name: host,
    virtual_hosts: [{ name: host, domains: ['*'], routes: all }],
  })
}

function cluster(name: string): object {
  return packed('envoy.config.cluster.v3.Cluster', {
    name,
    type: 'EDS',
    lb_policy: 'ROUND_ROBIN',
    eds_cluster_config: { eds_config: ADS, service_name: name },
    circuit_breakers: { thresholds: [{ priority: 'DEFAULT', max_requests: value(4096) }] },
    outlier_detection: {
      interval: seconds(5),
      base_ejection_time: seconds(30),
      max_ejection_time: minutes(5),
      max_ejection_percent: value(50),
      enforcing_success_rate: value(0),
      failure_percentage_threshold: value(50),
      enforcing_failure_percentage: value(100),
      failure_percentage_minimum_hosts: value(1),
      failure_percentage_request_volume: value(100),
    },
  })
}

function assignment(name: string, port: number): object {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } }
  return packed('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    cluster_name: name,
    endpoints: [
      {
        locality: { region: 'r', zone: 'z', sub_zone: 's' },
        load_balancing_weight: value(1),
        lb_endpoints: [{ health_status: 'HEALTHY', endpoint: { address } }],
      },
    ],
  })
}
