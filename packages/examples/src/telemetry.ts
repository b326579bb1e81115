/** An OpenTelemetry SDK under way, or nothing. */
export interface Telemetry {
  /** Sends what is still held, and stops. */
  stop(): Promise<void>
}

/**
 * Starts an OpenTelemetry SDK when the environment asks for traces: `OTEL_TRACES_EXPORTER` (`otlp`, `console`),
 * `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. The SDK is the application's own affair: the
 * mesh finds the registered provider by itself, and makes the spans and carries the context.
 */
export async function startTelemetry(serviceName: string): Promise<Telemetry> {
  if (!wantsTraces(process.env)) return { stop: async () => undefined }
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  const sdk = new NodeSDK({
    serviceName: process.env.OTEL_SERVICE_NAME ?? serviceName,
    metricReaders: [],
    logRecordProcessors: [],
  })
  sdk.start()
  return { stop: () => sdk.shutdown() }
}

function wantsTraces(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false
  return [env.OTEL_TRACES_EXPORTER, env.OTEL_EXPORTER_OTLP_ENDPOINT, env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT].some(
    (value) => value !== undefined && value !== '',
  )
}
