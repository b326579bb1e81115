import { DEFAULT_SERVICE_PORT } from '@weft/mesh-protocol'
import type { AuditSink } from '../kernel/audit-event.ts'
import { MeshError } from '../kernel/errors.ts'
import { type Logger, processWarnings } from '../kernel/logger.ts'
import { controlUrls, credentials, pin } from './control-options.ts'
import { DEFAULT_ADMIN_HOST, DEFAULT_CLUSTER_ID, DEFAULT_DRAIN_DELAY_MS, DEFAULT_LOCAL_DIRECTORY } from './defaults.ts'
import { identity } from './identity-options.ts'
import {
  isHeaderName,
  isHostName,
  isText,
  isTextList,
  isWholeNumber,
  parseList,
  parseWholeNumber,
  registrable,
} from './rules.ts'
import { describe, type Environment, Settings } from './settings.ts'
import { flag, optionalText, text, wholeNumber } from './takers.ts'
import type { MeshOptions, ResolvedOptions } from './types.ts'

const PORT_MAX = 65_535
const DRAIN_DELAY_MAX_MS = 600_000
const KNOWN_OPTIONS = [
  'control',
  'service',
  'namespace',
  'version',
  'labels',
  'serviceAccount',
  'locality',
  'token',
  'tokenFile',
  'caFile',
  'caFingerprint',
  'identityDir',
  'stateDir',
  'localDirectory',
  'execProbes',
  'audit',
  'logger',
  'propagate',
  'admin',
  'address',
  'servicePort',
  'workload',
  'clusterId',
  'drainDelayMs',
  'dependencies',
  'disabled',
] as const satisfies readonly (keyof MeshOptions)[]

/**
 * Every option once: code before environment before default. Where the mesh is disabled nothing is refused: the switch
 * has to work in a broken set-up too.
 * @throws MeshError `WEFT_CONFIG` that lists every bad option: its name, its value, where it came from and what is right.
 */
export function resolveOptions(options: MeshOptions, environment: Environment): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new MeshError('WEFT_CONFIG', `createMesh takes an object of options, but was given ${describe(options)}`)
  }
  const settings = new Settings(environment)
  rejectUnknown(settings, options)
  const control = controlUrls(settings, options)
  const resolved: ResolvedOptions = {
    control,
    ...identity(settings, options),
    ...credentials(settings, options),
    ...pin(settings, options, control),
    identityDir: optionalText(
      settings,
      'identityDir',
      options.identityDir,
      'WEFT_IDENTITY_DIR',
      'the path of a directory',
    ),
    ...serving(settings, options),
    stateDir: optionalText(settings, 'stateDir', options.stateDir, 'WEFT_STATE_DIR', 'the path of a directory'),
    localDirectory: flag(
      settings,
      'localDirectory',
      options.localDirectory,
      'WEFT_LOCAL_DIRECTORY',
      DEFAULT_LOCAL_DIRECTORY,
    ),
    execProbes: flag(settings, 'execProbes', options.execProbes, 'WEFT_EXEC_PROBES', false),
    audit: auditSink(settings, options.audit),
    logger: logger(settings, options.logger),
    propagate: headerNames(settings, options),
    admin: admin(settings, options),
    clusterId: text(settings, 'clusterId', options.clusterId, 'WEFT_CLUSTER_ID', DEFAULT_CLUSTER_ID),
    dependencies: dependencies(settings, options),
    disabled: flag(settings, 'disabled', options.disabled, 'WEFT_DISABLED', false),
  }
  if (!resolved.disabled) settings.check()
  return freeze(resolved)
}

function rejectUnknown(settings: Settings, options: MeshOptions): void {
  for (const name of Object.keys(options)) {
    if ((KNOWN_OPTIONS as readonly string[]).includes(name)) continue
    settings.reject({
      name,
      from: `option ${name}`,
      value: options[name as keyof MeshOptions],
      accepts: `left out: the options are ${KNOWN_OPTIONS.join(', ')}`,
    })
  }
}

function admin(settings: Settings, options: MeshOptions): ResolvedOptions['admin'] {
  const taken = settings.take<{ readonly port: number; readonly host?: string | undefined } | undefined>({
    name: 'admin',
    coded: options.admin,
    variables: ['WEFT_ADMIN_PORT'],
    fallback: undefined,
    parse: (value) => {
      const port = parseWholeNumber(value)
      return port === undefined ? undefined : { port }
    },
    valid: (value) =>
      isWholeNumber(0, PORT_MAX)(value?.port) &&
      (value?.host === undefined || isText(value.host)) &&
      Object.keys(value ?? {}).every((key) => key === 'port' || key === 'host'),
    accepts: 'a port from 0 to 65535 (in code { port, host })',
  }).value
  return taken === undefined ? undefined : { port: taken.port, host: taken.host ?? DEFAULT_ADMIN_HOST }
}

function headerNames(settings: Settings, options: MeshOptions): readonly string[] {
  return settings
    .take<readonly string[]>({
      name: 'propagate',
      coded: options.propagate,
      variables: ['WEFT_PROPAGATE'],
      parse: parseList,
      fallback: [],
      valid: (value) => isTextList(value) && value.every(isHeaderName),
      accepts: 'a list of header names',
    })
    .value.map((name) => name.toLowerCase())
}

function auditSink(settings: Settings, coded: AuditSink | undefined): AuditSink | undefined {
  return settings.take<AuditSink | undefined>({
    name: 'audit',
    coded,
    variables: [],
    parse: () => undefined,
    fallback: undefined,
    valid: (value) => typeof value === 'function',
    accepts: 'a function that takes an event',
  }).value
}

function logger(settings: Settings, coded: Logger | undefined): Logger {
  return settings.take({
    name: 'logger',
    coded,
    variables: [],
    parse: () => undefined,
    fallback: processWarnings,
    valid: (value) =>
      (['debug', 'info', 'warn', 'error'] as const).every((level) => typeof value?.[level] === 'function'),
    accepts: 'an object with the methods debug, info, warn and error',
  }).value
}

type Serving = Pick<ResolvedOptions, 'address' | 'servicePort' | 'drainDelayMs'>

function serving(settings: Settings, options: MeshOptions): Serving {
  const { servicePort, drainDelayMs } = options
  const address = settings.take<string | undefined>({
    name: 'address',
    coded: options.address,
    variables: ['WEFT_ADDRESS'],
    parse: (value) => value.trim(),
    fallback: undefined,
    valid: (value) => registrable('address', value),
    accepts: 'an IP address or host name that callers can connect to, without scheme or port',
  }).value
  return {
    address,
    servicePort: wholeNumber(settings, {
      name: 'servicePort',
      coded: servicePort,
      variable: 'WEFT_SERVICE_PORT',
      range: [1, PORT_MAX],
      fallback: DEFAULT_SERVICE_PORT,
    }),
    drainDelayMs: wholeNumber(settings, {
      name: 'drainDelayMs',
      coded: drainDelayMs,
      variable: 'WEFT_DRAIN_DELAY_MS',
      range: [0, DRAIN_DELAY_MAX_MS],
      fallback: DEFAULT_DRAIN_DELAY_MS,
    }),
  }
}

function dependencies(settings: Settings, options: MeshOptions): readonly string[] {
  const taken = settings.take<readonly string[]>({
    name: 'dependencies',
    coded: options.dependencies,
    variables: ['WEFT_DEPENDENCIES'],
    parse: parseList,
    fallback: [],
    valid: (value) => Array.isArray(value) && value.every(isHostName),
    accepts: 'a list of host names without scheme or port',
  })
  return [...taken.value]
}

function freeze(options: ResolvedOptions): ResolvedOptions {
  for (const [name, value] of Object.entries(options)) if (name !== 'logger' && name !== 'audit') Object.freeze(value)
  return Object.freeze(options)
}
