import { DEFAULT_SERVICE_ACCOUNT, parseLocality } from '@weft/mesh-protocol'
import { DEFAULT_NAMESPACE } from './defaults.ts'
import { isLocality, isTextMap, parseLabels, registrable } from './rules.ts'
import type { Settings } from './settings.ts'
import { text } from './takers.ts'
import type { MeshOptions, ResolvedOptions } from './types.ts'

const LABEL_RULE = 'a DNS label: up to 63 lower-case letters, digits and hyphens, no hyphen at either end'

type Who = Pick<
  ResolvedOptions,
  'service' | 'namespace' | 'version' | 'labels' | 'serviceAccount' | 'locality' | 'workload'
>

/** Who this process is. */
export function identity(settings: Settings, options: MeshOptions): Who {
  const service = settings.take({
    name: 'service',
    coded: options.service,
    variables: ['WEFT_SERVICE', 'OTEL_SERVICE_NAME'],
    parse: (value) => value.trim(),
    fallback: '',
    valid: (value) => registrable('service', value),
    accepts: `${LABEL_RULE} (WEFT_SERVICE goes before OTEL_SERVICE_NAME)`,
  }).value
  const namespace = settings.take({
    name: 'namespace',
    coded: options.namespace,
    variables: ['WEFT_NAMESPACE'],
    parse: (value) => value.trim(),
    fallback: DEFAULT_NAMESPACE,
    valid: (value) => registrable('namespace', value),
    accepts: LABEL_RULE,
  }).value
  const labels = settings.take<Readonly<Record<string, string>>>({
    name: 'labels',
    coded: options.labels,
    variables: ['WEFT_LABELS'],
    parse: parseLabels,
    fallback: {},
    valid: isTextMap,
    accepts: 'an object of strings (in the environment key=value,key=value)',
  }).value
  const version = text(settings, 'version', options.version, 'WEFT_VERSION', labels.version ?? '')
  const locality = settings.take({
    name: 'locality',
    coded: options.locality,
    variables: ['WEFT_LOCALITY'],
    parse: (value) => value.trim(),
    fallback: '',
    valid: isLocality,
    accepts: 'region/zone/subzone, narrower parts optional',
  }).value
  return {
    service,
    namespace,
    version,
    labels: { ...(service === '' ? {} : { app: service }), ...(version === '' ? {} : { version }), ...labels },
    serviceAccount: text(
      settings,
      'serviceAccount',
      options.serviceAccount,
      'WEFT_SERVICE_ACCOUNT',
      DEFAULT_SERVICE_ACCOUNT,
    ),
    locality: parseLocality(locality),
    workload: text(
      settings,
      'workload',
      options.workload,
      'WEFT_WORKLOAD',
      [service, version].filter((part) => part !== '').join('-'),
    ),
  }
}
