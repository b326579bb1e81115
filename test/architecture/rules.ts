/*
 * Which way arrows point, as data. A folder may import itself, the folders named here, and the packages named here;
 * `node:` lists the built-in modules that it may use for their effects.
 */

export interface FolderRule {
  readonly folders: readonly string[]
  readonly packages: readonly string[]
}

export interface PackageRule {
  /** By folder below `src`; an empty name stands for the files of `src` itself. */
  readonly folders: Readonly<Record<string, FolderRule>>
}

const PROTOCOL = '@weft/mesh-protocol'

export const CLIENT: PackageRule = {
  folders: {
    kernel: { folders: [], packages: [PROTOCOL, 're2js', 'node:perf_hooks'] },
    context: { folders: ['kernel'], packages: [PROTOCOL, 'node:async_hooks'] },
    routing: { folders: ['kernel'], packages: [PROTOCOL, 'node:net'] },
    balancing: { folders: ['kernel'], packages: [PROTOCOL] },
    health: { folders: ['kernel'], packages: [PROTOCOL] },
    cluster: {
      folders: ['kernel', 'context', 'routing', 'balancing', 'health'],
      packages: [PROTOCOL, 'opossum', 'node:events'],
    },
    call: {
      folders: ['kernel', 'context', 'routing', 'balancing', 'health', 'cluster'],
      packages: [PROTOCOL, 'p-retry'],
    },
    options: { folders: ['kernel'], packages: [PROTOCOL] },
    discovery: {
      folders: ['kernel'],
      packages: [
        PROTOCOL,
        'eventsource',
        'node:crypto',
        'node:fs',
        'node:fs/promises',
        'node:http',
        'node:https',
        'node:os',
        'node:path',
      ],
    },
    identity: {
      folders: ['kernel'],
      packages: [PROTOCOL, 'node:crypto', 'node:tls', 'node:fs/promises', 'node:path', 'node:net', 'node:os'],
    },
    inbound: {
      folders: ['kernel', 'context', 'routing'],
      packages: [PROTOCOL, 'jose', 'node:os', 'node:http', 'node:net'],
    },
    telemetry: {
      folders: ['kernel'],
      packages: [PROTOCOL, 'prom-client', '@opentelemetry/api', 'node:diagnostics_channel', 'node:module'],
    },
    http: {
      folders: [
        'kernel',
        'context',
        'routing',
        'balancing',
        'health',
        'cluster',
        'call',
        'identity',
        'inbound',
        'telemetry',
      ],
      packages: [
        PROTOCOL,
        'undici',
        'p-retry',
        'prom-client',
        'agent-base',
        'node:http',
        'node:https',
        'node:http2',
        'node:tls',
        'node:crypto',
        'node:fs/promises',
        'node:util',
        'node:net',
        'node:stream',
        'node:events',
        'node:async_hooks',
        'node:buffer',
        'node:querystring',
        'node:os',
      ],
    },
    tcp: {
      folders: [
        'kernel',
        'context',
        'routing',
        'balancing',
        'health',
        'cluster',
        'call',
        'identity',
        'inbound',
        'http',
      ],
      packages: [PROTOCOL, 'node:net', 'node:tls'],
    },
    mesh: {
      folders: [
        'kernel',
        'context',
        'routing',
        'balancing',
        'health',
        'cluster',
        'call',
        'options',
        'discovery',
        'identity',
        'inbound',
        'telemetry',
        'http',
        'tcp',
      ],
      packages: [
        PROTOCOL,
        'prom-client',
        'node:crypto',
        'node:dns/promises',
        'node:fs',
        'node:os',
        'node:http',
        'node:net',
        'node:path',
        'node:tls',
        'node:child_process',
      ],
    },
    grpc: {
      folders: ['kernel', 'context', 'routing', 'cluster', 'call', 'inbound', 'telemetry', 'http', 'mesh'],
      packages: [
        PROTOCOL,
        '@grpc/grpc-js',
        'node:async_hooks',
        'node:http',
        'node:http2',
        'node:zlib',
        'node:net',
        'node:stream',
        'node:events',
        'node:buffer',
        'node:module',
      ],
    },
    '': {
      folders: ['kernel', 'identity', 'inbound', 'telemetry', 'options', 'mesh', 'http', 'tcp'],
      packages: [PROTOCOL],
    },
  },
}

export const SERVER: PackageRule = {
  folders: {
    kernel: { folders: [], packages: ['node:perf_hooks'] },
    source: { folders: ['kernel', 'config', 'store'], packages: [PROTOCOL] },
    config: { folders: ['kernel'], packages: [PROTOCOL, 'yaml', 're2js'] },
    analyze: { folders: ['kernel', 'config'], packages: [PROTOCOL] },
    store: {
      folders: ['kernel'],
      packages: [PROTOCOL, 'node:sqlite', 'node:crypto', 'node:fs', 'node:path', 'node:module', 'node:process'],
    },
    ca: {
      folders: ['kernel', 'store'],
      packages: [
        PROTOCOL,
        '@peculiar/x509',
        'reflect-metadata',
        'node:crypto',
        'node:fs',
        'node:fs/promises',
        'node:path',
        'node:net',
        'node:os',
      ],
    },
    auth: {
      folders: ['kernel', 'config', 'store', 'ca'],
      packages: [
        PROTOCOL,
        'jose',
        'node:crypto',
        'node:fs/promises',
        'node:http',
        'node:https',
        'node:path',
        'node:net',
      ],
    },
    registry: { folders: ['kernel', 'config', 'store'], packages: [PROTOCOL, 'node:crypto', 'node:net'] },
    canary: { folders: ['kernel', 'config', 'registry'], packages: [PROTOCOL] },
    translate: { folders: ['kernel', 'config', 'registry'], packages: [PROTOCOL, 'node:crypto'] },
    push: {
      folders: ['kernel', 'config', 'registry', 'translate'],
      packages: [PROTOCOL, 'node:crypto', 'node:http', 'node:buffer'],
    },
    serve: {
      folders: ['kernel', 'config', 'analyze', 'store', 'ca', 'auth', 'registry', 'canary', 'translate', 'push'],
      packages: [
        PROTOCOL,
        'node:tls',
        'fastify',
        'pino',
        'prom-client',
        'node:crypto',
        'node:http',
        'node:stream',
        'node:net',
      ],
    },
    cli: {
      folders: ['kernel', 'config', 'analyze', ''],
      packages: [
        PROTOCOL,
        'commander',
        'pino',
        'yaml',
        'node:fs',
        'node:fs/promises',
        'node:path',
        'node:process',
        'node:v8',
        'node:net',
        'node:https',
        'node:http',
        'node:tls',
        'node:crypto',
      ],
    },
    '': {
      folders: ['kernel', 'config', 'store', 'ca', 'auth', 'registry', 'canary', 'translate', 'push', 'serve'],
      packages: [
        PROTOCOL,
        'node:tls',
        'node:https',
        'pino',
        'fastify',
        'prom-client',
        'yaml',
        'node:fs',
        'node:os',
        'node:path',
        'node:net',
        'node:crypto',
      ],
    },
  },
}

export const MAX_FILE_LINES = 400
